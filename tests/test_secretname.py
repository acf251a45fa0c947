"""Which names look secret, and which only seem to."""

from __future__ import annotations

import pytest

from mixdyn.secretname import is_secret_name

SECRET = """
password userPassword passwd pass-phrase passcode pwd db_pwd userpwd pass smtp_pass
client_secret clientSecret secretKey secret secrets SECRET_ACCESS_KEY password_hash
apiKey api_key apikey API_KEY X-API-Key x-goog-api-key api-keys access_key_id AWSAccessKeyId
private-key privateKeyPem signing_key encryption_key Ocp-Apim-Subscription-Key DD-APPLICATION-KEY
authKey master_key license_key credentials credential google_credentials
token refreshToken access_tokens token2 accessToken id_token id_token_hint csrftoken X-CSRF-Token
X-Auth-Token next_page_token pageToken server_token token_v2 tokenValue tokens
Authorization Proxy-Authorization X-Forwarded-Authorization auth X-Auth basic_auth
Cookie Set-Cookie session_cookie cookies PHPSESSID JSESSIONID connect.sid connectionString
x-signature signature X-Amz-Signature sig hmac jwt client_jwt bearer
code Code X-Code authorization_code authorisationCode auth_code oauth_code oauthCode code_verifier
oauth_verifier verification_code verificationCode one_time_code mfaCode backup_codes device_code
otp pin user_pin totp cvv csrf client_assertion SAMLResponse otpauth_url psk
user[password] auth[api_key] 🔑_api_key
""".split()

PLAIN = """
title id name key keys primaryKey primary_key sort_key publicKey public_key idempotency-key
Idempotency-Key keyboard api_keyboard monkey author authors authored_by authority authenticated
tokenizer token_type tokenType token_count maxTokensPerCall max_tokens maxTokens prompt_tokens
promptTokens completionTokens total_tokens cache_read_tokens num_tokens input_tokens
country_code countryCode status_code statusCode error_code errorCode language_code post_code
zip_code currency_code promo_code sort_code exit_code encode decoder codes codec barcode
code_challenge code_challenge_method auth_url auth_method auth_type authType signature_method
api_key_required apiKeyName secret_name secretary password_policy password_expires_at
client_secret_expires_at credential_status cookieCount cookie_policy session_id sessionId session
pinned isPinned spin opinion pinterest optional compass passenger bypass passage significant
signed design assigned signal description sid state nonce scope username user email traceparent
x x-request-id ETag assertions certificate
""".split()


@pytest.mark.parametrize("name", SECRET)
def test_secret_names(name: str) -> None:
    """Names of passwords, keys, tokens, codes and their like are secret in any spelling."""
    assert is_secret_name(name)


@pytest.mark.parametrize("name", [*PLAIN, "", "-", "日本", "42"])
def test_plain_names(name: str) -> None:
    """Other names are not, also those that only speak of secrets or count tokens."""
    assert not is_secret_name(name)


def test_long_names_are_judged_and_not_remembered() -> None:
    """A name of any length is judged; what is kept in memory is bounded."""
    assert is_secret_name("x" * 100_000 + "_password")
    assert not is_secret_name("x" * 100_000)
