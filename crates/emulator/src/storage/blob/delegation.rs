//! User delegation keys: what a directory identity signs shared access signatures with.

use axum::body::Body;
use azml_auth::storage::DEFAULT_VERSION;
use time::Duration;

use super::BlobService;
use crate::authority::Plane;
use crate::storage::answer::Answer;
use crate::storage::authorize::delegation_key;
use crate::storage::error::{Code, Result, StorageError};
use crate::storage::receive;
use crate::storage::request::Call;
use crate::storage::time::{Ticks, parse_iso};
use crate::storage::xml::{self, Xml};

/// How long a key lasts at most.
const LONGEST: Duration = Duration::days(7);

impl BlobService {
    pub(super) async fn get_user_delegation_key(&self, call: &Call, body: Body) -> Result<Answer> {
        let (scheme, token) = call
            .header("authorization")
            .split_once(' ')
            .unwrap_or_default();
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(StorageError::from(Code::AuthenticationFailed)
                .with_detail("A user delegation key is for a directory identity only."));
        }
        let caller = self
            .authority
            .verify(token.trim(), Plane::Storage)
            .map_err(|refusal| {
                StorageError::from(Code::InvalidAuthenticationInfo)
                    .with_detail(&refusal.to_string())
            })?;
        let key = self
            .accounts
            .get(&call.target.account)
            .ok_or(Code::AuthenticationFailed)?;
        let (mut start, mut expiry) = (String::new(), String::new());
        for element in xml::parse(&receive::document(body).await?)? {
            match element.path.as_str() {
                "KeyInfo/Start" => start = element.text,
                "KeyInfo/Expiry" => expiry = element.text,
                _ => {}
            }
        }
        let now = self.tree.state.clock.now();
        let starts = match start.as_str() {
            "" => Ticks::of(now),
            text => parse_iso(text).ok_or(Code::InvalidXmlDocument)?,
        };
        let ends = parse_iso(&expiry).ok_or(Code::InvalidXmlDocument)?;
        if ends <= starts || ends.time() <= now || ends.time() - starts.time() > LONGEST {
            return Err(Code::InvalidXmlDocument.into());
        }
        let seconds = |ticks: Ticks| {
            let text = ticks.whole_seconds().iso();
            format!("{}Z", text.split_once('.').map_or("", |(text, _)| text))
        };
        let (start, expiry) = (seconds(starts), seconds(ends));
        let version = match call.header("x-ms-version") {
            "" => DEFAULT_VERSION,
            version => version,
        };
        let parts = [
            caller.object_id.as_str(),
            &caller.tenant_id,
            &start,
            &expiry,
            "b",
            version,
        ];
        let mut xml = Xml::new();
        xml.open("UserDelegationKey");
        let names = [
            "SignedOid",
            "SignedTid",
            "SignedStart",
            "SignedExpiry",
            "SignedService",
            "SignedVersion",
        ];
        for (name, value) in names.iter().zip(parts) {
            xml.element(name, value);
        }
        xml.element("Value", &delegation_key(key, &parts));
        xml.close("UserDelegationKey");
        Ok(Answer::xml(xml))
    }
}
