//! Stored access policies as XML: `SignedIdentifiers`.

use super::error::{Code, Result};
use super::tree::StoredPolicy;
use super::xml::{self, Xml};

/// Most policies of one container or share.
const MOST: usize = 5;
/// Longest id.
const LONGEST_ID: usize = 64;

/// Reads the body of "Set Container ACL"; an empty body is no policies.
///
/// # Errors
/// [`Code::InvalidXmlDocument`] for anything else, and for too many policies.
pub(crate) fn parse(document: &[u8]) -> Result<Vec<StoredPolicy>> {
    if document.is_empty() {
        return Ok(Vec::new());
    }
    let mut policies = Vec::new();
    let mut policy = empty();
    for element in xml::parse(document)? {
        let Some(path) = element.path.strip_prefix("SignedIdentifiers") else {
            return Err(Code::InvalidXmlDocument.into());
        };
        match path {
            "/SignedIdentifier/Id" => policy.id = element.text,
            "/SignedIdentifier/AccessPolicy/Start" => policy.start = element.text,
            "/SignedIdentifier/AccessPolicy/Expiry" => policy.expiry = element.text,
            "/SignedIdentifier/AccessPolicy/Permission" => policy.permissions = element.text,
            "/SignedIdentifier" => policies.push(std::mem::replace(&mut policy, empty())),
            "/SignedIdentifier/AccessPolicy" | "" => {}
            _ => return Err(Code::InvalidXmlDocument.into()),
        }
    }
    let good = |policy: &StoredPolicy| (1..=LONGEST_ID).contains(&policy.id.chars().count());
    if policies.len() > MOST || !policies.iter().all(good) {
        return Err(Code::InvalidXmlDocument.into());
    }
    Ok(policies)
}

fn empty() -> StoredPolicy {
    StoredPolicy {
        id: String::new(),
        start: String::new(),
        expiry: String::new(),
        permissions: String::new(),
    }
}

/// Writes the body of "Get Container ACL".
pub(crate) fn write(policies: &[StoredPolicy]) -> Xml {
    let mut xml = Xml::new();
    xml.open("SignedIdentifiers");
    for policy in policies {
        xml.open("SignedIdentifier");
        xml.element("Id", &policy.id);
        xml.open("AccessPolicy");
        xml.optional("Start", &policy.start);
        xml.optional("Expiry", &policy.expiry);
        xml.optional("Permission", &policy.permissions);
        xml.close("AccessPolicy");
        xml.close("SignedIdentifier");
    }
    xml.close("SignedIdentifiers");
    xml
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_round_trip() {
        let policies = vec![
            StoredPolicy {
                id: "readers & co".into(),
                start: String::new(),
                expiry: "2030-01-01T00:00:00Z".into(),
                permissions: "rl".into(),
            },
            StoredPolicy {
                id: "empty".into(),
                ..empty()
            },
        ];
        let document = write(&policies).finish();
        assert_eq!(parse(document.as_bytes()).unwrap(), policies);
        assert_eq!(parse(b"").unwrap(), []);
        assert_eq!(parse(b"<SignedIdentifiers />").unwrap(), []);
    }

    #[test]
    fn too_many_or_nameless_policies_are_refused() {
        let one = "<SignedIdentifier><Id>a</Id></SignedIdentifier>";
        let document = |inner: &str| format!("<SignedIdentifiers>{inner}</SignedIdentifiers>");
        assert!(parse(document(&one.repeat(5)).as_bytes()).is_ok());
        assert!(parse(document(&one.repeat(6)).as_bytes()).is_err());
        assert!(parse(document("<SignedIdentifier/>").as_bytes()).is_err());
        assert!(parse(b"<Other/>").is_err());
    }
}
