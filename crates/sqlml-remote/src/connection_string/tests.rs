//! Rows C1 to C5 of the conformance table, and what must survive a round trip.

use proptest::prelude::*;

use super::*;

#[test]
fn c1_the_articles_connection_string() {
    let text = "Driver=SQL Server;Server=localhost;Database=irissql;Trusted_Connection=Yes;";
    let connection = ConnectionString::parse(text).unwrap();
    assert!(matches!(connection.auth(), Ok(Auth::Integrated)));
    assert_eq!(connection.server().host(), "localhost");
    assert_eq!(connection.server().port(), Some(1433));
    assert_eq!(connection.database(), Some("irissql"));
    assert_eq!(connection.to_connection_string(Secrets::Include), text);
}

#[test]
fn a_described_database_is_connected_to() {
    let login = DatabaseLogin::Password {
        user: "me".to_owned(),
        password: Secret::new("p;w"),
    };
    let database = DatabaseConnection::new("srv.database.windows.net", "sales", login);
    let connection = ConnectionString::to_database(&database).unwrap();
    assert_eq!(connection.server().port(), Some(1433));
    assert_eq!(connection.database(), Some("sales"));
    let connection = ConnectionString::to_database(&database.with_port(Some(1500))).unwrap();
    assert_eq!(
        connection.to_connection_string(Secrets::Mask),
        "Server=srv.database.windows.net,1500;Database=sales;UID=me;PWD=***;"
    );
    let token = DatabaseLogin::AccessToken(Secret::new("t"));
    let database = DatabaseConnection::new("srv", "sales", token);
    let connection = ConnectionString::to_database(&database).unwrap();
    assert!(matches!(connection.auth(), Ok(Auth::AccessToken(_))));
}

#[test]
fn c2_a_port_makes_the_browser_unnecessary() {
    let server = |text: &str| ConnectionString::to_server(text).unwrap().server().clone();
    assert_eq!(server(r"h\inst,1444").port(), Some(1444));
    assert_eq!(server(r"h\inst").port(), None);
    assert_eq!(server("tcp:h").port(), Some(1433));
    assert_eq!(server("(local)").host(), "localhost");
    assert_eq!(server("[::1],1500").host(), "::1");
    assert_eq!(server("::1,1500").port(), Some(1500));
    let port = ConnectionString::parse("Server=h;Port=1555").unwrap();
    assert_eq!(port.server().port(), Some(1555));
}

#[test]
fn c3_values_in_braces() {
    for (text, password) in [
        ("PWD={a;b}}c};Server=h;UID=u", "a;b}c"),
        ("UID=u;Server=h;PWD={a}b}", "a}b"),
        ("UID=u;Server=h;PWD={a}b};", "a}b"),
        ("UID=u;PWD= x y ;Server=h", "x y"),
        ("UID=u;PWD={ x };Server=h", " x "),
    ] {
        let Auth::SqlLogin {
            password: found, ..
        } = ConnectionString::parse(text).unwrap().auth().unwrap()
        else {
            unreachable!("a user is given")
        };
        assert_eq!(found.expose(), password, "{text}");
    }
}

#[test]
fn c4_nothing_shows_the_password() {
    let connection = ConnectionString::parse("Server=h;UID=sa;PWD=hunter2").unwrap();
    for shown in [connection.to_string(), format!("{connection:?}")] {
        assert!(
            !shown.contains("hunter2") && shown.contains("***"),
            "{shown}"
        );
    }
}

#[test]
fn c5_what_cannot_be_right_is_named() {
    for (text, named) in [
        ("Server=h;Colour=red", "Colour"),
        ("Server=h;UID=u;AccessToken=t", "AccessToken"),
        ("UID=u", "Server"),
        ("Server=h;Packet Size=99", "packet size"),
        ("Server=h;Encrypt=perhaps", "encrypt"),
        ("Server=h;MARS_Connection=yes", "MARS"),
        ("Server=h;PWD={abc", "PWD"),
        ("Server=h;Database", "Database"),
        ("Server=h,x", "x"),
        ("Server=np:h", "np:h"),
    ] {
        let error = ConnectionString::parse(text).unwrap_err().to_string();
        assert!(error.contains(named), "{text}: {error}");
    }
}

#[test]
fn the_first_of_two_keys_counts_in_odbc_and_the_last_in_ado() {
    let text = "Server=a;Data Source=b;UID=u";
    assert_eq!(ConnectionString::parse(text).unwrap().server().host(), "a");
    assert_eq!(
        ConnectionString::parse_ado(text).unwrap().server().host(),
        "b"
    );
}

proptest! {
    #[test]
    fn a_written_connection_string_is_read_back(
        user in "[^\\s;{}=][^;{}=]{0,8}[^\\s;{}=]", password in "\\PC{1,12}", database in "[a-z{} ;=]{0,6}[a-z]",
    ) {
        let connection = ConnectionString::to_server("host,1500").unwrap().with_database(&*database).with_auth(
            Auth::SqlLogin { user: user.clone(), password: Secret::new(password.clone()) },
        );
        let text = connection.to_connection_string(Secrets::Include);
        let read = ConnectionString::parse(&text).unwrap();
        prop_assert_eq!(read.database(), Some(&*database));
        let Ok(Auth::SqlLogin { user: read_user, password: read_password }) = read.auth() else {
            return Err(TestCaseError::fail(text));
        };
        prop_assert_eq!(read_user, user);
        prop_assert_eq!(read_password.expose(), password);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,60}") {
        let _ = ConnectionString::parse(&text);
    }
}
