//! The keys of a provider: made anew for each test, of each kind that providers have.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{
    KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256, RsaKeySize,
};
use serde_json::{Value, json};

/// A key, and the algorithm that it signs by.
#[derive(Clone)]
pub(super) struct ProviderKey {
    pub(super) algorithm: Algorithm,
    signs: EncodingKey,
    /// Its public half as a JWK (RFC 7517), without a name.
    public: Value,
    /// Its public half as PEM.
    pub(super) public_pem: String,
}

impl ProviderKey {
    pub(super) fn new(algorithm: Algorithm) -> Self {
        let pair = match algorithm {
            Algorithm::EdDSA => KeyPair::generate_for(&PKCS_ED25519),
            Algorithm::ES256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
            Algorithm::ES384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384),
            _ => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048),
        };
        let pair = pair.unwrap();
        let pem = pair.serialize_pem();
        let (signs, public) = match algorithm {
            Algorithm::EdDSA => {
                let x = URL_SAFE_NO_PAD.encode(pair.public_key_raw());
                let public = json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": x});
                (EncodingKey::from_ed_pem(pem.as_bytes()).unwrap(), public)
            }
            Algorithm::ES256 | Algorithm::ES384 => of(EncodingKey::from_ec_pem(pem.as_bytes()), algorithm),
            _ => of(EncodingKey::from_rsa_pem(pem.as_bytes()), algorithm),
        };
        Self { algorithm, signs, public, public_pem: pair.public_key_pem() }
    }

    /// As the provider shows it.
    pub(super) fn shown(&self, id: &str) -> Value {
        let mut shown = self.public.clone();
        shown["kid"] = json!(id);
        shown["use"] = json!("sig");
        shown
    }

    /// A header by which it signs.
    pub(super) fn header(&self, id: &str) -> Header {
        Header { kid: Some(id.to_owned()), ..Header::new(self.algorithm) }
    }

    pub(super) fn sign(&self, header: &Header, claims: &Value) -> String {
        jsonwebtoken::encode(header, claims, &self.signs).unwrap()
    }

    /// What somebody could take for a secret who knows nothing but the public half.
    pub(super) fn public_forms(&self) -> Vec<Vec<u8>> {
        let mut forms = vec![
            self.public_pem.clone().into_bytes(),
            self.public_pem.trim().as_bytes().to_vec(),
            self.public_pem.replace('\r', "").into_bytes(),
            self.public.to_string().into_bytes(),
            Vec::new(),
        ];
        for part in ["n", "x", "y"] {
            let Some(text) = self.public[part].as_str() else { continue };
            forms.extend([text.as_bytes().to_vec(), URL_SAFE_NO_PAD.decode(text).unwrap()]);
        }
        forms
    }
}

fn of(key: jsonwebtoken::errors::Result<EncodingKey>, algorithm: Algorithm) -> (EncodingKey, Value) {
    let key = key.unwrap();
    let public = Jwk::from_encoding_key(&key, algorithm).unwrap();
    (key, serde_json::to_value(public).unwrap())
}
