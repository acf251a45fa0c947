from own import Client, errors, models
from own.inputs import PetDict


def good() -> None:
    with Client("pets.json") as api:
        pet: models.Pet = api.pets.get(id=1)
        given: PetDict = {"name": "x", "born_on": "2020-01-01"}
        api.pets.add(body=given)
        api.pets.add(body=pet)
        api.pets.add(body={"name": "x", "bornOn": None})
        api.pets.add(body=models.Pet(name="x"))
        try:
            api.pets.get.with_response(id=1)
        except errors.Failure as error:
            print(error.data.code + 1)


def bad() -> None:
    api = Client("pets.json")
    api.dogs  # BAD
    api.pets.get(id="x")  # BAD
    api.pets.add(body={"nam": "x"})  # BAD
    models.Pet()  # BAD
    models.Dog  # BAD
    errors.Wrong  # BAD
