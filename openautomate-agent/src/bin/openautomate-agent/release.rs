//! `openautomate-agent release`: release keys, and signed releases.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use openautomate_agent::release::TARGET;
use openautomate_core::package::signature::PackageSigner;
use openautomate_core::release::{MANIFEST_FORMAT, ReleaseFile, ReleaseManifest, SignedManifest};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::config::{ReleaseCommand, ReleaseSignOptions};

pub(crate) fn release(command: &ReleaseCommand) -> anyhow::Result<()> {
    match command {
        ReleaseCommand::Keygen { key } => keygen(key),
        ReleaseCommand::Sign(options) => sign(options),
    }
}

#[expect(clippy::print_stdout, reason = "what was asked for")]
fn keygen(key: &Path) -> anyhow::Result<()> {
    let signer = PackageSigner::load_or_create(key).context("the release key can't be made")?;
    println!("{}", signer.public_key());
    Ok(())
}

#[expect(clippy::print_stdout, reason = "what was asked for")]
fn sign(options: &ReleaseSignOptions) -> anyhow::Result<()> {
    let signer = PackageSigner::load(&options.key).context("the release key can't be used")?;
    // A mistaken path must not make a key that no agent knows.
    let Some(signer) = signer else {
        bail!("there is no {}; make one by openautomate-agent release keygen", options.key.display());
    };
    let mut targets = BTreeMap::new();
    for program in &options.programs {
        let (target, path) = program.split_once('=').unwrap_or((TARGET, program));
        if targets.insert(target.to_owned(), measured(Path::new(path))?).is_some() {
            bail!("there are two programs for {target}; give one");
        }
    }
    let manifest = ReleaseManifest {
        format: MANIFEST_FORMAT,
        version: options.version.clone(),
        min_protocol: options.min_protocol,
        allow_downgrade: options.allow_downgrade,
        targets,
    };
    let signed = SignedManifest::sign(&manifest, &signer)?;
    println!("{}", json!({"manifest": signed.manifest, "signature": signed.signature}));
    Ok(())
}

fn measured(path: &Path) -> anyhow::Result<ReleaseFile> {
    let unreadable = || format!("{} can't be read", path.display());
    let mut file = File::open(path).with_context(unreadable)?;
    let name = path.file_name().and_then(|name| name.to_str()).with_context(unreadable)?.to_owned();
    let (mut hash, mut size, mut buffer) = (Sha256::new(), 0, vec![0; 256 * 1024]);
    loop {
        let read = file.read(&mut buffer).with_context(unreadable)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        size += read as u64;
    }
    let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(ReleaseFile { name, size, sha256 })
}
