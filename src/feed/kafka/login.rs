//! Who we are to a broker: PLAIN, or SCRAM with SHA-256 or SHA-512, where the broker proves that it knows the password too.

use std::num::NonZeroU32;

use data_encoding::BASE64;
use ring::rand::SecureRandom;
use ring::{digest, hmac, pbkdf2, rand};
use secrecy::{ExposeSecret, SecretString};

use super::super::fault::{Fault, FaultKind};

/// Rounds that a broker may ask for: Kafka itself takes 4,096 to 16,384.
const ROUNDS: std::ops::RangeInclusive<u32> = 4_096..=65_536;
const NONCE_BYTES: usize = 18;

/// How we log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    Plain,
    ScramSha256,
    ScramSha512,
}

impl Mechanism {
    /// The mechanism as a platform file names it.
    ///
    /// # Errors
    /// When it is none of ours.
    pub fn read(name: &str) -> Result<Self, Fault> {
        match name.to_ascii_lowercase().as_str() {
            "" | "plain" => Ok(Self::Plain),
            "scram-sha-256" => Ok(Self::ScramSha256),
            "scram-sha-512" => Ok(Self::ScramSha512),
            other => {
                let why = format!("`{other}` is no mechanism; write plain, scram-sha-256 or scram-sha-512");
                Err(Fault::new(FaultKind::Refused, why).fatal())
            }
        }
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// A user and the password.
#[derive(Clone, Debug)]
pub struct Login {
    pub mechanism: Mechanism,
    pub user: String,
    pub password: SecretString,
}

/// What is said first, and what is done with the answer to it.
#[derive(Debug)]
pub enum Opening {
    /// All is said.
    Plain(Vec<u8>),
    Scram(Scram),
}

impl Login {
    /// # Errors
    /// When the system gives no random numbers.
    pub fn open(&self) -> Result<Opening, Fault> {
        if self.mechanism == Mechanism::Plain {
            return Ok(Opening::Plain(format!("\0{}\0{}", self.user, self.password.expose_secret()).into_bytes()));
        }
        let mut nonce = [0; NONCE_BYTES];
        rand::SystemRandom::new().fill(&mut nonce).map_err(|_| refused("no random numbers"))?;
        Ok(Opening::Scram(Scram::new(self.clone(), &BASE64.encode(&nonce))))
    }
}

/// A conversation by SCRAM (RFC 5802, RFC 7677) without a channel binding.
#[derive(Debug)]
pub struct Scram {
    login: Login,
    nonce: String,
    /// The first message behind its header.
    bare: String,
}

/// What proves that we know the password, and what must prove it of the broker.
#[derive(Debug)]
pub struct Proof {
    pub message: String,
    signed: hmac::Key,
    of: String,
}

impl Scram {
    fn new(login: Login, nonce: &str) -> Self {
        let user = login.user.replace('=', "=3D").replace(',', "=2C");
        Self { login, nonce: nonce.to_owned(), bare: format!("n={user},r={nonce}") }
    }

    #[must_use]
    pub fn first(&self) -> String {
        format!("n,,{}", self.bare)
    }

    /// Answers the broker's first message. It takes a while: the rounds are what a guesser would have to pay.
    ///
    /// # Errors
    /// When the broker does not keep to the protocol, or asks for more rounds than we do.
    pub fn prove(&self, said: &[u8]) -> Result<Proof, Fault> {
        let said = std::str::from_utf8(said).map_err(|_| refused("the broker does not speak SCRAM"))?;
        let part =
            |name: &str| said.split(',').find_map(|part| part.strip_prefix(name)).ok_or_else(|| refused("the broker does not speak SCRAM"));
        let nonce = part("r=").ok().filter(|nonce| nonce.len() > self.nonce.len() && nonce.starts_with(&self.nonce));
        let nonce = nonce.ok_or_else(|| refused("the broker answers to somebody else"))?;
        let salt = BASE64.decode(part("s=")?.as_bytes()).map_err(|_| refused("the broker does not speak SCRAM"))?;
        let rounds = part("i=")?.parse().ok().filter(|rounds| ROUNDS.contains(rounds)).and_then(NonZeroU32::new);
        let rounds = rounds.ok_or_else(|| refused("the broker asks for less than 4,096 or more than 65,536 rounds"))?;
        let (derived, signed, hashed) = match self.login.mechanism {
            Mechanism::ScramSha512 => (pbkdf2::PBKDF2_HMAC_SHA512, hmac::HMAC_SHA512, &digest::SHA512),
            Mechanism::Plain | Mechanism::ScramSha256 => (pbkdf2::PBKDF2_HMAC_SHA256, hmac::HMAC_SHA256, &digest::SHA256),
        };
        let mut salted = vec![0; hashed.output_len()];
        pbkdf2::derive(derived, rounds, &salt, self.login.password.expose_secret().as_bytes(), &mut salted);
        let salted = hmac::Key::new(signed, &salted);
        let client = hmac::sign(&salted, b"Client Key");
        let end = format!("c=biws,r={nonce}");
        let of = format!("{},{said},{end}", self.bare);
        let stored = hmac::Key::new(signed, digest::digest(hashed, client.as_ref()).as_ref());
        let signature = hmac::sign(&stored, of.as_bytes());
        let proof: Vec<u8> = client.as_ref().iter().zip(signature.as_ref()).map(|(key, sign)| key ^ sign).collect();
        let server = hmac::sign(&salted, b"Server Key");
        Ok(Proof { message: format!("{end},p={}", BASE64.encode(&proof)), signed: hmac::Key::new(signed, server.as_ref()), of })
    }
}

impl Proof {
    /// Holds the broker's last message against what only somebody who knows the password can say.
    ///
    /// # Errors
    /// When it is not the same.
    pub fn check(&self, said: &[u8]) -> Result<(), Fault> {
        let signature = said.strip_prefix(b"v=").map(|rest| rest.split(|byte| *byte == b',').next().unwrap_or_default());
        let signature = signature.and_then(|text| BASE64.decode(text).ok()).unwrap_or_default();
        hmac::verify(&self.signed, self.of.as_bytes(), &signature).map_err(|_| refused("the broker does not know the password itself"))
    }
}

fn refused(why: &str) -> Fault {
    Fault::new(FaultKind::Unauthorized, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scram(mechanism: Mechanism, nonce: &str) -> Scram {
        Scram::new(Login { mechanism, user: "user".into(), password: "pencil".into() }, nonce)
    }

    #[test]
    fn the_conversation_is_the_one_of_the_standard() {
        // RFC 7677, section 3
        let scram = scram(Mechanism::ScramSha256, "rOprNGfwEbeRWgbNEkqO");
        assert_eq!(scram.first(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let said = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let proof = scram.prove(said).unwrap();
        let expected = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
        assert_eq!(proof.message, expected);
        assert_eq!(proof.check(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), Ok(()));
        for wrong in [&b"v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="[..], b"e=invalid-proof", b""] {
            assert!(proof.check(wrong).is_err());
        }
    }

    #[test]
    fn a_broker_that_answers_somebody_else_or_wants_endless_rounds_is_refused() {
        let scram = scram(Mechanism::ScramSha512, "abc");
        for said in [
            &b"r=abx1,s=AAAA,i=4096"[..],
            b"r=abc,s=AAAA,i=4096",
            b"r=abcd,s=AAAA,i=4000000000",
            b"r=abcd,s=AAAA,i=1",
            b"r=abcd,i=4096",
            b"\xff",
        ] {
            assert!(scram.prove(said).is_err(), "{}", String::from_utf8_lossy(said));
        }
        assert!(scram.prove(b"r=abcd,s=AAAA,i=4096").is_ok());
    }

    #[test]
    fn a_user_may_have_any_name() {
        let login = Login { mechanism: Mechanism::ScramSha256, user: "a=b,c".into(), password: "x".into() };
        assert_eq!(Scram::new(login, "n").first(), "n,,n=a=3Db=2Cc,r=n");
    }
}
