//! A topic of a Kafka-protocol broker, all partitions of it, read behind positions of our own.
//!
//! No consumer group: the offsets of all partitions are the feed's cursor, stored in the transaction of the events that they
//! belong to, so a crash on either side neither loses nor doubles a record. Nobody else is asked to step aside for the desk.
//! The protocol is spoken here, and not by a library, because batches must be unpacked within a limit: what cannot be read within
//! it is put aside with its place, and reading goes on behind it.

pub mod batch;
pub mod chunk;
pub mod cluster;
pub mod codec;
pub mod fetch;
pub mod link;
pub mod login;
pub mod partition;
pub mod reader;
pub mod wire;

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::time::timeout;

use super::broker::{Access, Inlet, Kafka, filled};
use super::fault::{Fault, FaultKind};
use super::outlet::Outlet;
use super::template::Values;
use crate::engine::time::At;
use cluster::Cluster;
use link::Entrance;
use login::{Login, Mechanism};
use reader::Reader;

/// Longest until somebody has told who leads the topic.
const OPENING: Duration = Duration::from_secs(6);

/// Reads the topic until it breaks; the caller opens it again.
///
/// # Errors
/// When no broker can be reached, the topic cannot be read, or the connection ends.
pub async fn listen(kafka: &Kafka, inlet: &Inlet, start: At, outlet: &mut Outlet) -> Result<(), Fault> {
    let cluster = Arc::new(cluster(kafka, &inlet.account().values)?);
    let stored = outlet.cursor().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let opening = timeout(OPENING, cluster.layout(&[])).await;
    let layout = opening.map_err(|_| Fault::new(FaultKind::Timeout, "the topic does not open within 6 s"))??;
    Reader::new(inlet, cluster, stored).run(layout, start, outlet).await
}

fn cluster(kafka: &Kafka, values: &Values) -> Result<Cluster, Fault> {
    let topic = filled(Some(&kafka.topic), values)?;
    let servers = filled(Some(&kafka.servers), values)?;
    let servers: Vec<&str> = servers.split(',').map(str::trim).filter(|server| !server.is_empty()).collect();
    let secured = servers.iter().any(|server| server.starts_with("tls://"));
    let servers: Vec<String> = servers.iter().map(|server| server.strip_prefix("tls://").unwrap_or(server).to_owned()).collect();
    let named = |broker: &String| broker.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    if servers.is_empty() || !servers.iter().all(named) {
        return Err(Fault::new(FaultKind::Refused, "`servers` holds no host:port of a broker").fatal());
    }
    let tls = if secured { Some(Arc::new(trust(&filled(kafka.access.ca.as_ref(), values)?)?)) } else { None };
    Ok(Cluster { servers, entrance: Entrance { tls, login: login(&kafka.access, values)? }, topic })
}

fn login(access: &Access, values: &Values) -> Result<Option<Login>, Fault> {
    let (user, password) = (filled(access.user.as_ref(), values)?, filled(access.password.as_ref(), values)?);
    let mechanism = Mechanism::read(&filled(access.mechanism.as_ref(), values)?)?;
    Ok((!user.is_empty()).then(|| Login { mechanism, user, password: password.into() }))
}

/// The machine's own certificates decide whom we believe, and those of the file `ca`.
fn trust(ca: &str) -> Result<rustls::ClientConfig, Fault> {
    let mut roots = rustls::RootCertStore::empty();
    // one that cannot be read is no reason to believe nobody
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if !ca.is_empty() {
        let unreadable = |error: rustls::pki_types::pem::Error| Fault::new(FaultKind::Input, format!("{ca}: {error}")).fatal();
        for certificate in CertificateDer::pem_file_iter(ca).map_err(unreadable)? {
            let refused = |error: rustls::Error| Fault::new(FaultKind::Input, format!("{ca}: {error}")).fatal();
            roots.add(certificate.map_err(unreadable)?).map_err(refused)?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| Fault::new(FaultKind::Tls, error.to_string()).fatal())?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
