//! Webhooks: who sent a request, and the execution that it makes.

use async_trait::async_trait;
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::clock::Timestamp;
use crate::command::trigger::fire::{check_foreign_inputs, fired, mapped, version_for};
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{Execution, Origin, Trigger, TriggerSource, WebhookStyle};
use crate::error::{Error, ErrorKind, Result};
use crate::id::TriggerId;
use crate::permission::Access;
use crate::secret::Secret;
use crate::vault::{Sealed, Vault};

/// The largest body of a webhook in bytes.
pub const MAX_BODY_BYTES: usize = 256 * 1024;
/// How far the time of a signature may lie from the server's.
const TOLERANCE_SECONDS: i64 = 300;
const SECRET_BYTES: usize = 32;
const PREFIX: &str = "sha256=";

/// A request as it came.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// When it was signed, in seconds since 1970, as the header says it.
    pub timestamp: Option<&'a str>,
    /// The signature, as the header of the trigger's style says it.
    pub signature: Option<&'a str>,
    /// The body, byte for byte.
    pub body: &'a [u8],
}

/// A request whose signature is right. Only
/// [`Orchestrator::verify_webhook`](crate::Orchestrator::verify_webhook) makes one.
#[derive(Clone, Debug)]
pub struct Verified {
    trigger_id: TriggerId,
    signature: String,
    body: Value,
}

/// Makes a secret and seals it into the trigger.
pub(super) fn new_secret(vault: &Vault, trigger: &mut Trigger) -> Result<Secret<String>> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::internal("trigger.random", "the system gives no random bytes").with_source(error.to_string())
    })?;
    let secret = Secret::new(hex::encode(bytes));
    let sealed = vault.seal(secret.expose().as_bytes(), &binding(trigger.id))?;
    trigger.sealed = Some(sealed.to_bytes());
    Ok(secret)
}

/// What the seal of a secret is bound to: moved to another row it does not open.
pub(crate) fn binding(id: TriggerId) -> Vec<u8> {
    [b"openautomate-trigger-v1".as_slice(), id.as_bytes()].concat()
}

fn open(vault: &Vault, id: TriggerId, sealed: &[u8]) -> Result<Secret<Vec<u8>>> {
    vault.open(&Sealed::from_bytes(sealed)?, &binding(id))
}

/// Checks who sent a request to a trigger.
///
/// The signature is compared in constant time, over the bytes as they came and before they are read as JSON.
///
/// # Errors
/// `NotFound` if the trigger is no webhook; `QuotaExceeded` with `request.too_large`; `Unauthenticated` if the
/// signature is missing, wrong or not of this time; `Invalid` with `request.malformed` if the body is no JSON.
pub(crate) fn verify(
    vault: &Vault,
    trigger: &Trigger,
    delivery: Delivery<'_>,
    now: Timestamp,
) -> Result<Verified> {
    let (TriggerSource::Webhook { style }, Some(sealed)) = (&trigger.source, &trigger.sealed) else {
        return Err(Error::not_found("webhook", trigger.id));
    };
    if delivery.body.len() > MAX_BODY_BYTES {
        let message = format!("the body has more than {MAX_BODY_BYTES} bytes; send less");
        return Err(Error::new(ErrorKind::QuotaExceeded, "request.too_large", message));
    }
    let signature = delivery.signature.and_then(|text| text.strip_prefix(PREFIX));
    let signature = signature.and_then(|text| hex::decode(text).ok()).ok_or_else(wrong_signature)?;
    let secret = open(vault, trigger.id, sealed)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose())
        .map_err(|_| Error::internal("trigger.secret", "the secret of the webhook can't be used"))?;
    if *style == WebhookStyle::Timestamped {
        let timestamp = delivery.timestamp.ok_or_else(wrong_signature)?;
        mac.update(timestamp.as_bytes());
        mac.update(b".");
    }
    mac.update(delivery.body);
    mac.verify_slice(&signature).map_err(|_| wrong_signature())?;
    if *style == WebhookStyle::Timestamped {
        // Looked at once it is known to be the sender's own word.
        let signed_at = delivery.timestamp.and_then(|text| text.parse::<i64>().ok());
        let age = signed_at.and_then(|signed_at| now.timestamp().checked_sub(signed_at));
        if age.is_none_or(|age| age.checked_abs().is_none_or(|age| age > TOLERANCE_SECONDS)) {
            return Err(Error::new(
                ErrorKind::Unauthenticated,
                "webhook.expired",
                "the signature is not of the last five minutes; set the sender's clock and sign anew",
            ));
        }
    }
    let body = serde_json::from_slice(delivery.body)
        .map_err(|_| Error::invalid("request.malformed", "the body is no well-formed JSON"))?;
    Ok(Verified { trigger_id: trigger.id, signature: hex::encode(signature), body })
}

fn wrong_signature() -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        "webhook.signature",
        "the signature is missing or wrong; sign the body as it is sent, with the trigger's secret",
    )
}

/// Makes the execution of a request whose sender is known. A signature counts once.
#[derive(Clone, Debug)]
pub struct ReceiveWebhook {
    /// The request.
    pub verified: Verified,
}

#[async_trait]
impl Command for ReceiveWebhook {
    type Output = Execution;
    const NAME: &'static str = "trigger.webhook";

    /// The signature is the proof.
    fn access(&self) -> Access {
        Access::Public
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Execution>> {
        let Verified { trigger_id, signature, body } = &self.verified;
        let trigger = context.store.trigger(*trigger_id).await?.filter(|row| row.deleted_at.is_none());
        let trigger = trigger.ok_or_else(|| Error::not_found("webhook", trigger_id))?;
        if !trigger.is_active {
            return Err(Error::conflict(
                "trigger.inactive",
                "the trigger is not active; make it active first",
            ));
        }
        if context.store.trigger_firing(trigger.id, signature).await?.is_some() {
            return Err(Error::conflict(
                "webhook.replayed",
                "this request was received before; sign a new one",
            ));
        }
        let version = version_for(context, &trigger).await?;
        let inputs = mapped(&trigger, body);
        check_foreign_inputs(context, &version, trigger.environment_id, &inputs, &[]).await?;
        let origin = Origin::Trigger { trigger_id: trigger.id, after: None, depth: 0 };
        let input_names: Vec<String> = inputs.keys().cloned().collect();
        let (execution, changes) =
            fired(context, &trigger, &version, inputs, signature.clone(), origin).await?;
        let detail =
            json!({"triggerId": trigger.id, "packageId": version.package_id, "inputNames": input_names});
        let changes = changes.audited(context.audit("execution", execution.id, detail));
        Ok(Decision::new(changes, execution))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::EndedAs;
    use crate::id::{EnvironmentId, PackageId, UserId};
    use crate::vault::KeyRing;

    const NOW: i64 = 1_767_323_045;

    fn vault() -> Vault {
        Vault::new(KeyRing::new(1, &std::array::from_fn::<u8, 32, _>(|index| index as u8 * 7)).unwrap())
    }

    fn now() -> Timestamp {
        Timestamp::from_timestamp(NOW, 0).unwrap()
    }

    fn hook(style: WebhookStyle) -> (Trigger, Secret<String>) {
        let mut trigger = Trigger {
            id: TriggerId::new(),
            name: "hook".into(),
            package_id: PackageId::new(),
            environment_id: EnvironmentId::new(),
            source: TriggerSource::Webhook { style },
            inputs: serde_json::Map::new(),
            mapping: [].into(),
            is_active: true,
            sealed: None,
            created_by_id: UserId::new(),
            created_at: now(),
            updated_at: now(),
            deleted_at: None,
            revision: 0,
        };
        let secret = new_secret(&vault(), &mut trigger).unwrap();
        (trigger, secret)
    }

    fn signed(secret: &str, text: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(text);
        format!("{PREFIX}{}", hex::encode(mac.finalize().into_bytes()))
    }

    fn code(
        trigger: &Trigger,
        timestamp: Option<&str>,
        signature: Option<&str>,
        body: &[u8],
    ) -> &'static str {
        match verify(&vault(), trigger, Delivery { timestamp, signature, body }, now()) {
            Ok(_) => "taken",
            Err(error) => error.code(),
        }
    }

    #[test]
    fn only_the_right_signature_of_this_time_is_taken() {
        let (trigger, secret) = hook(WebhookStyle::Timestamped);
        let sign = |time: &str| signed(secret.expose(), format!("{time}.{{}}").as_bytes());
        for (seconds, wanted) in [
            (0, "taken"),
            (300, "taken"),
            (-300, "taken"),
            (301, "webhook.expired"),
            (-301, "webhook.expired"),
        ] {
            let time = (NOW + seconds).to_string();
            assert_eq!(code(&trigger, Some(&time), Some(&sign(&time)), b"{}"), wanted, "{seconds}");
        }
        let time = NOW.to_string();
        let good = sign(&time);
        assert_eq!(code(&trigger, Some(&time), Some(&good), b"{ }"), "webhook.signature");
        assert_eq!(code(&trigger, Some("1"), Some(&good), b"{}"), "webhook.signature");
        assert_eq!(code(&trigger, None, Some(&good), b"{}"), "webhook.signature");
        for bad in [None, Some(""), Some("sha256="), Some("sha256=zz"), Some(&good[..20]), Some(&good[7..])] {
            assert_eq!(code(&trigger, Some(&time), bad, b"{}"), "webhook.signature", "{bad:?}");
        }
        for odd in ["", "soon", "99999999999999999999", "-9223372036854775808"] {
            assert_eq!(code(&trigger, Some(odd), Some(&sign(odd)), b"{}"), "webhook.expired", "{odd}");
        }
        let other = hook(WebhookStyle::Timestamped).0;
        assert_eq!(code(&other, Some(&time), Some(&good), b"{}"), "webhook.signature");
    }

    #[test]
    fn the_style_of_github_signs_the_body_alone() {
        let (trigger, secret) = hook(WebhookStyle::Github);
        let good = signed(secret.expose(), b"{\"a\":1}");
        assert_eq!(code(&trigger, None, Some(&good), b"{\"a\":1}"), "taken");
        assert_eq!(code(&trigger, None, Some(&good), b"{\"a\":2}"), "webhook.signature");
        // A right signature does not make JSON of what is none.
        assert_eq!(code(&trigger, None, Some(&signed(secret.expose(), b"{")), b"{"), "request.malformed");
        let large = vec![b' '; MAX_BODY_BYTES + 1];
        assert_eq!(code(&trigger, None, Some(&signed(secret.expose(), &large)), &large), "request.too_large");
    }

    #[test]
    fn what_is_no_webhook_takes_nothing() {
        let (mut trigger, _) = hook(WebhookStyle::Github);
        trigger.source = TriggerSource::ExecutionFinished { package_id: PackageId::new(), on: EndedAs::Any };
        assert_eq!(code(&trigger, None, Some("sha256=00"), b"{}"), "resource.not_found");
    }

    #[test]
    fn the_signature_is_that_of_the_rfc() {
        // RFC 4231, test case 2.
        let expected = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(signed("Jefe", b"what do ya want for nothing?"), expected);
    }
}
