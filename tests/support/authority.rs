//! A certificate authority of a test's own: certificates that are right, and those that are not.

#![allow(dead_code, reason = "each test uses its part")]

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// An authority with its files in a folder.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
    /// Its own certificate (PEM): who believes it believes what it issued.
    pub file: PathBuf,
}

/// A certificate and its key (PEM).
#[derive(Clone, Debug)]
pub struct Issued {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    pub fn new(folder: &Path) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "an authority of the tests");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
        let file = folder.join("authority.pem");
        std::fs::write(&file, issuer.pem()).expect("a file");
        Self { issuer, folder: folder.to_owned(), file }
    }

    /// A certificate for a host, valid until a year.
    pub fn issue(&self, host: &str, until: i32) -> Issued {
        let mut params = CertificateParams::new(vec![host.to_owned()]).expect("parameters");
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let name = format!("{host}-{until}");
        let issued = Issued { certificate: self.folder.join(format!("{name}.pem")), key: self.folder.join(format!("{name}.key")) };
        std::fs::write(&issued.certificate, certificate.pem()).expect("a file");
        std::fs::write(&issued.key, key.serialize_pem()).expect("a file");
        issued
    }
}
