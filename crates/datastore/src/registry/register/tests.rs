//! What the builders accept and refuse.

use super::*;
use crate::registry::record::Credential;

const KEY: &str = "aHVudGVyMg==";

fn blob() -> AzureBlob {
    AzureBlob::new("Photos", "account", "raw")
}

/// storage RG-04, RG-05, RG-06.
#[test]
fn one_credential_is_taken_and_bad_ones_are_refused() {
    let registration = Registration::try_from(blob().account_key(KEY)).unwrap();
    assert_eq!(registration.record.name, "photos");
    assert_eq!(registration.record.credential.kind(), "AccountKey");
    let sas = Registration::try_from(blob().sas_token("?sv=1&sig=x")).unwrap();
    let Credential::Sas(Some(token)) = &sas.record.credential else {
        panic!("{sas:?}");
    };
    assert_eq!(token.expose(), "sv=1&sig=x");
    assert_eq!(
        Registration::try_from(blob())
            .unwrap()
            .record
            .credential
            .kind(),
        "None"
    );
    for bad in [
        blob().account_key(KEY).sas_token("sv=1&sig=x"),
        blob().account_key("no base64!"),
        blob().sas_token("sv=1"),
        blob().protocol("ftp"),
    ] {
        let error = Registration::try_from(bad).unwrap_err();
        assert!(matches!(error, Error::Usage(_)), "{error}");
        assert!(!error.to_string().contains(KEY));
    }
}

/// storage RG-07.
#[test]
fn names_are_checked_unless_that_is_turned_off() {
    let odd = AzureBlob::new("a", "Odd_Account", "Raw");
    assert!(Registration::try_from(odd.clone()).is_err());
    assert!(Registration::try_from(odd.unchecked_names()).is_ok());
    let bad = AzureBlob::new("a-b", "account", "raw").unchecked_names();
    assert!(Registration::try_from(bad).is_err());
}

/// storage RG-08.
#[test]
fn a_login_goes_before_a_service_principal() {
    let sql = AzureSql::new("s", "srv", "db");
    let both = sql.clone().login("u", "p").service_principal("t", "c", "x");
    let kind = |builder| {
        Registration::try_from(builder)
            .unwrap()
            .record
            .credential
            .kind()
    };
    assert_eq!(kind(both), "SqlLogin");
    assert_eq!(
        kind(sql.clone().service_principal("t", "c", "x")),
        "ServicePrincipal"
    );
    assert_eq!(kind(sql), "None");
    assert!(Registration::try_from(AzureSql::new("s", "", "db")).is_err());
}

#[test]
fn debug_shows_no_secret() {
    let registration = Registration::try_from(blob().account_key(KEY)).unwrap();
    let shown = format!("{:?} {registration:?}", blob().account_key(KEY));
    assert!(!shown.contains(KEY), "{shown}");
}
