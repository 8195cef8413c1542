//! `openautomate-agent sign`: an author signs the content of a package.

use anyhow::Context as _;
use openautomate_agent::local;
use openautomate_core::package::signature::{PackageSigner, Statement};
use serde_json::json;

use crate::config::SignOptions;

/// Signs, and prints the digest, the key and the signature.
#[expect(clippy::print_stdout, reason = "what was asked for")]
pub(crate) fn sign(options: &SignOptions) -> anyhow::Result<()> {
    let digest = local::digest(&options.package)?;
    let signer = PackageSigner::load_or_create(&options.key).context("the author's key can't be used")?;
    let signed = signer.sign(&Statement::Authored { digest: &digest });
    if options.json {
        println!("{}", json!({"digest": digest, "key": signed.key, "signature": signed.signature}));
    } else {
        println!("digest     {digest}\nkey        {}\nsignature  {}", signed.key, signed.signature);
        println!("publish it with ?authorKey={}&authorSignature={}", signed.key, signed.signature);
    }
    Ok(())
}
