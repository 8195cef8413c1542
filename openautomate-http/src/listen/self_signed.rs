//! A certificate that nobody but the server itself vouches for, for trials.

use std::io::Write as _;
use std::path::Path;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};

use super::certificate::{CertificateFiles, TlsError};
use crate::platform::create_private_file;

/// The certificate for these host names and addresses that a folder holds; made if there is none.
///
/// The key stays for as long as its file does, so that what agents know the server by stays too. The certificate is made
/// anew, with that key, when a name is missing in it.
///
/// # Errors
/// If a name can't stand in a certificate, or a file can't be read or made.
pub fn self_signed_files(folder: &Path, names: &[String]) -> Result<CertificateFiles, TlsError> {
    let files = CertificateFiles { certificate: folder.join("tls.crt"), key: folder.join("tls.key") };
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |why: String| TlsError::Unwritable { path, why }
    };
    let key = match std::fs::read_to_string(&files.key) {
        Ok(pem) => KeyPair::from_pem(&pem)
            .map_err(|_| TlsError::Missing { path: files.key.clone(), what: "private key" })?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let made = KeyPair::generate().map_err(|error| failed(&files.key)(error.to_string()))?;
            let mut file =
                create_private_file(&files.key).map_err(|error| failed(&files.key)(error.to_string()))?;
            file.write_all(made.serialize_pem().as_bytes())
                .and_then(|()| file.sync_all())
                .map_err(|error| failed(&files.key)(error.to_string()))?;
            made
        }
        Err(source) => return Err(TlsError::Unreadable { path: files.key.clone(), source }),
    };
    // The names stand in the file beside the certificate, which saves taking one apart.
    let wanted = format!("{}\n", names.join(" "));
    let known = std::fs::read_to_string(&files.certificate).unwrap_or_default();
    if known.starts_with(&wanted) {
        return Ok(files);
    }
    let refused = |error: rcgen::Error| failed(&files.certificate)(error.to_string());
    let mut params = CertificateParams::new(names).map_err(refused)?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, "OpenAutomate server, signed by itself");
    params.distinguished_name = subject;
    let certificate = params.self_signed(&key).map_err(refused)?;
    std::fs::write(&files.certificate, format!("{wanted}{}", certificate.pem()))
        .map_err(|error| failed(&files.certificate)(error.to_string()))?;
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listen::ServerCertificate;

    #[test]
    fn the_key_stays_and_the_certificate_follows_the_names() {
        let dir = tempfile::tempdir().unwrap();
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let made = self_signed_files(dir.path(), &names(&["localhost", "127.0.0.1"])).unwrap();
        let first = std::fs::read(&made.certificate).unwrap();
        let pin = ServerCertificate::load(made.clone()).unwrap().pin().unwrap();
        assert!(pin.starts_with("sha256//") && pin.len() == 8 + 44, "{pin}");
        self_signed_files(dir.path(), &names(&["localhost", "127.0.0.1"])).unwrap();
        assert_eq!(std::fs::read(&made.certificate).unwrap(), first);
        let again = self_signed_files(dir.path(), &names(&["bots.example"])).unwrap();
        assert_ne!(std::fs::read(&made.certificate).unwrap(), first);
        assert_eq!(ServerCertificate::load(again).unwrap().pin().unwrap(), pin);
        assert!(self_signed_files(dir.path(), &names(&["bots example\u{e9}"])).is_err());
    }
}
