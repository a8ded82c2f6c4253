//! A delivery as the platform itself would sign it: with it the desk tries its own door before the night.

use data_encoding::{BASE64, HEXLOWER, HEXUPPER};
use ring::hmac;

use super::{Delivery, Disbelief, Encoding, HeaderForm, Hmac, Signature, known_secrets};
use crate::engine::time::At;
use crate::feed::template::Values;

/// What stands for a header or a parameter that the platform would send.
const STAND_IN: &str = "preflight-1";

impl Signature {
    /// True where a signature says who sent a delivery.
    #[must_use]
    pub const fn proves(&self) -> bool {
        matches!(self, Self::Hmac(_) | Self::SharedHeader { .. })
    }

    /// A delivery with this body that [`Signature::verify`] believes at `now`.
    ///
    /// # Errors
    /// When the feed lacks a value that the signature needs.
    pub fn signed(&self, path: &str, body: &[u8], values: &Values, now: At) -> Result<Delivery, Disbelief> {
        let mut delivery = Delivery {
            method: "POST".into(),
            path: path.to_owned(),
            headers: vec![("content-type".into(), "application/json".into())],
            body: body.to_vec(),
            ..Delivery::default()
        };
        match self {
            Self::Hmac(hmac) => hmac.sign(&mut delivery, values, now)?,
            Self::SharedHeader { header, secrets } => {
                let secret = known_secrets(secrets, values)?.into_iter().next().ok_or(Disbelief::Unready)?;
                delivery.headers.push((header.to_ascii_lowercase(), secret));
            }
            Self::Refetch | Self::Open => {}
        }
        Ok(delivery)
    }
}

impl Hmac {
    fn sign(&self, delivery: &mut Delivery, values: &Values, now: At) -> Result<(), Disbelief> {
        let ts = now.second().to_string();
        if let Some(header) = &self.time_header {
            delivery.headers.push((header.to_ascii_lowercase(), ts.clone()));
        }
        for name in self.message.names() {
            if let Some(header) = name.strip_prefix("h.") {
                if delivery.headers_named(header).next().is_none() {
                    delivery.headers.push((header.to_ascii_lowercase(), STAND_IN.into()));
                }
            } else if let Some(parameter) = name.strip_prefix("q.") {
                delivery.query.push((parameter.to_owned(), STAND_IN.into()));
            }
        }
        let message = self.message_of(delivery, &delivery.body, values, &ts)?;
        let secret = known_secrets(&self.secrets, values)?.into_iter().next().ok_or(Disbelief::Unready)?;
        let tag = hmac::sign(&hmac::Key::new(self.algorithm, &self.key_bytes(&secret)?), &message);
        let text = match self.encoding {
            Encoding::Hex => HEXLOWER.encode(tag.as_ref()),
            Encoding::HexUpper => HEXUPPER.encode(tag.as_ref()),
            Encoding::Base64 => BASE64.encode(tag.as_ref()),
        };
        let text = format!("{}{text}", self.prefix);
        let value = match &self.form {
            HeaderForm::Raw => text,
            HeaderForm::Pairs { time, signature } => format!("{time}={ts},{signature}={text}"),
            HeaderForm::List { version } => format!("{version},{text}"),
        };
        delivery.headers.push((self.headers.first().map(|header| header.to_ascii_lowercase()).unwrap_or_default(), value));
        Ok(())
    }
}
