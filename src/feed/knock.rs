//! A knock at one's own door: a delivery signed as the platform would, sent through the network to the listener, and a forged one
//! behind it. Through the public address where the plan names one, so that the tunnel in front is tried too.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::call::Filled;
use super::fault::{Fault, FaultKind};
use super::listener::{Answer, Doors, Place};
use super::session::Session;
use super::signature::{Delivery, Disbelief, Signature};
use super::webhook::Webhook;

/// Longest that a knock may take to be heard.
const PATIENCE: Duration = Duration::from_secs(10);
const BODY: &[u8] = br#"{"preflight":true}"#;
/// Variables that name the address which the platform delivers to.
const PUBLIC: [&str; 2] = ["public_url", "push_url"];

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Knock {
    /// The signed one is believed, the forged one is not.
    Believed,
    /// Nothing is signed: both are heard, neither is believed.
    Heard,
    /// The signed one is not believed.
    Disbelieved(Disbelief),
    /// The forged one is believed.
    Fooled,
}

/// Knocks at the feed's door.
///
/// # Errors
/// When the listener cannot be opened, or the knock does not come in.
pub async fn knock(session: &Arc<Session>, hook: &Webhook) -> Result<Knock, Fault> {
    let doors = Doors::default();
    let mut place = doors.enter(session.account.listen, &hook.path)?;
    let (values, now) = (&session.account.values, session.clock.now());
    let signed = match hook.signature.signed(&hook.path, BODY, values, now) {
        Ok(signed) => signed,
        Err(why) => return Ok(Knock::Disbelieved(why)),
    };
    let forged = Delivery { body: BODY.to_ascii_uppercase(), ..signed.clone() };
    let believes = |delivery: &Delivery| match &hook.signature {
        // only the body is forged: what is in the header stays
        Signature::SharedHeader { header, .. } if delivery.body != BODY => {
            let mut delivery = delivery.clone();
            delivery.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(header));
            hook.signature.verify(&delivery, values, now)
        }
        signature => signature.verify(delivery, values, now),
    };
    let heard = believes(&send(session, &mut place, signed).await?);
    let fooled = believes(&send(session, &mut place, forged).await?).is_ok();
    Ok(match (heard, fooled) {
        _ if !hook.signature.proves() => Knock::Heard,
        (Err(why), _) => Knock::Disbelieved(why),
        (Ok(()), true) => Knock::Fooled,
        (Ok(()), false) => Knock::Believed,
    })
}

/// Sends a delivery and gives it as it came in.
async fn send(session: &Arc<Session>, place: &mut Place, delivery: Delivery) -> Result<Delivery, Fault> {
    let filled = filled(session, &delivery)?;
    let sent = session.http.send(filled);
    let heard = async {
        let incoming = place.deliveries.recv().await.ok_or_else(|| Fault::new(FaultKind::Input, "the listener has ended"))?;
        // a peer that has gone needs no answer
        let _ = incoming.answer.send(Answer::empty(200));
        Ok(incoming.delivery)
    };
    let both = async {
        let (answer, heard) = tokio::join!(sent, timeout(PATIENCE, heard));
        let missed = |_| Fault::new(FaultKind::Timeout, "the delivery did not come in");
        match (answer, heard.map_err(missed)) {
            (_, Ok(heard)) => heard,
            (Ok(answer), Err(missed)) => Err(answer.checked().err().unwrap_or(missed)),
            (Err(fault), Err(_)) => Err(fault),
        }
    };
    both.await
}

fn filled(session: &Arc<Session>, delivery: &Delivery) -> Result<Filled, Fault> {
    let wrong = |_| Fault::new(FaultKind::Refused, "the address of the deliveries is none");
    let public = session.account.values.plain().find(|(name, value)| PUBLIC.contains(name) && !value.is_empty()).map(|(_, value)| value);
    let address = public.unwrap_or_else(|| format!("http://{}{}", session.account.listen, delivery.path));
    let mut url = reqwest::Url::parse(&address).map_err(wrong)?;
    for (name, value) in &delivery.query {
        url.query_pairs_mut().append_pair(name, value);
    }
    Ok(Filled { method: reqwest::Method::POST, url, headers: delivery.headers.clone(), body: Some(delivery.body.clone()) })
}
