//! Statements about logins, users, roles and permissions. Whether somebody may run them is decided where they run.

use datafusion::sql::sqlparser::{ast::ObjectName, tokenizer::Token};

use super::{
    StatementKind,
    cursor::{BatchParser, Result},
};

/// A statement about who may do what.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) enum Security {
    /// `CREATE LOGIN n WITH PASSWORD = 'p'`, with the database that it begins in.
    CreateLogin {
        name: String,
        password: String,
        database: Option<String>,
    },
    AlterLogin {
        name: String,
        change: LoginChange,
    },
    DropLogin(String),
    /// `CREATE USER u FOR LOGIN l`; without a login it is one that nobody connects as.
    CreateUser {
        name: String,
        login: Option<String>,
    },
    CreateRole(String),
    /// `DROP USER` and `DROP ROLE`.
    DropPrincipal {
        name: String,
        role: bool,
        if_exists: bool,
    },
    /// `ALTER ROLE r ADD MEMBER m`, or `ALTER SERVER ROLE`.
    Member {
        role: String,
        member: String,
        add: bool,
        server: bool,
    },
    /// `GRANT`, `DENY` or `REVOKE`.
    Permissions {
        action: Action,
        permissions: Vec<String>,
        on: Securable,
        grantees: Vec<String>,
    },
}

/// What `ALTER LOGIN` changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sql) enum LoginChange {
    Password { new: String, old: Option<String> },
    Database(String),
    Enabled(bool),
}

/// What is done with a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum Action {
    Grant,
    Deny,
    Revoke,
}

/// What a permission is about.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) enum Securable {
    /// Nothing is named: the database, or the server for its permissions.
    Whole,
    Object(ObjectName),
    Schema(String),
}

impl BatchParser {
    /// `CREATE LOGIN`, `USER` or `ROLE`; `None` for anything else.
    pub(super) fn create_principal(&mut self) -> Result<Option<StatementKind>> {
        let created = if self.accept(&["CREATE", "LOGIN"]) {
            let name = self.identifier()?;
            if self.accept(&["FROM"]) {
                return self.unsupported_rest("CREATE LOGIN FROM").map(Some);
            }
            let options = self.login_options()?;
            let Some(password) = options.password else {
                return Err(self.unexpected());
            };
            Security::CreateLogin {
                name,
                password,
                database: options.database,
            }
        } else if self.accept(&["CREATE", "USER"]) {
            let name = self.identifier()?;
            let login = if self.accept(&["WITHOUT", "LOGIN"]) {
                None
            } else if self.accept(&["FOR", "LOGIN"]) || self.accept(&["FROM", "LOGIN"]) {
                Some(self.identifier()?)
            } else {
                Some(name.clone())
            };
            if self.accept(&["WITH"]) {
                self.comma_separated(|batch| {
                    batch.expect(&["DEFAULT_SCHEMA"])?;
                    batch.expect_token(&Token::Eq)?;
                    batch.identifier()
                })?;
            }
            Security::CreateUser { name, login }
        } else if self.accept(&["CREATE", "ROLE"]) {
            let name = self.identifier()?;
            if self.accept(&["AUTHORIZATION"]) {
                self.identifier()?;
            }
            Security::CreateRole(name)
        } else {
            return Ok(None);
        };
        Ok(Some(StatementKind::Security(created)))
    }

    /// `ALTER LOGIN`, `ALTER ROLE` or `ALTER SERVER ROLE`; `None` for anything else.
    pub(super) fn alter_principal(&mut self) -> Result<Option<StatementKind>> {
        let server = self.accept(&["ALTER", "SERVER", "ROLE"]);
        if server || self.accept(&["ALTER", "ROLE"]) {
            let role = self.identifier()?;
            let add = self.accept(&["ADD"]);
            if !add {
                self.expect(&["DROP"])?;
            }
            self.expect(&["MEMBER"])?;
            let member = self.identifier()?;
            return Ok(Some(StatementKind::Security(Security::Member {
                role,
                member,
                add,
                server,
            })));
        }
        if !self.accept(&["ALTER", "LOGIN"]) {
            return Ok(None);
        }
        let name = self.identifier()?;
        let change = if self.accept(&["ENABLE"]) {
            LoginChange::Enabled(true)
        } else if self.accept(&["DISABLE"]) {
            LoginChange::Enabled(false)
        } else {
            let options = self.login_options()?;
            match (options.password, options.database) {
                (Some(new), _) => LoginChange::Password {
                    new,
                    old: options.old_password,
                },
                (None, Some(database)) => LoginChange::Database(database),
                (None, None) => return Err(self.unexpected()),
            }
        };
        Ok(Some(StatementKind::Security(Security::AlterLogin {
            name,
            change,
        })))
    }

    /// `DROP LOGIN`, `USER` or `ROLE`; `None` for anything else.
    pub(super) fn drop_principal(&mut self) -> Result<Option<StatementKind>> {
        if self.accept(&["DROP", "LOGIN"]) {
            let name = self.identifier()?;
            return Ok(Some(StatementKind::Security(Security::DropLogin(name))));
        }
        let role = self.accept(&["DROP", "ROLE"]);
        if !role && !self.accept(&["DROP", "USER"]) {
            return Ok(None);
        }
        let if_exists = self.accept(&["IF", "EXISTS"]);
        let name = self.identifier()?;
        Ok(Some(StatementKind::Security(Security::DropPrincipal {
            name,
            role,
            if_exists,
        })))
    }

    /// `GRANT`, `DENY` and `REVOKE`.
    pub(super) fn permissions(&mut self, action: Action) -> Result<StatementKind> {
        self.parser.next_token();
        if action == Action::Revoke {
            self.accept(&["GRANT", "OPTION", "FOR"]);
        }
        let permissions = self.comma_separated(Self::permission)?;
        let on = if self.accept(&["ON"]) {
            self.securable()?
        } else {
            Securable::Whole
        };
        if !(self.accept(&["TO"]) || action == Action::Revoke && self.accept(&["FROM"])) {
            return Err(self.unexpected());
        }
        let grantees = self.comma_separated(Self::identifier)?;
        if self.accept(&["WITH", "GRANT", "OPTION"]) {
            return Ok(StatementKind::Unsupported("WITH GRANT OPTION".to_owned()));
        }
        self.accept(&["CASCADE"]);
        Ok(StatementKind::Security(Security::Permissions {
            action,
            permissions,
            on,
            grantees,
        }))
    }

    /// The words of one permission.
    fn permission(&mut self) -> Result<String> {
        let mut words: Vec<String> = Vec::new();
        while let Some(word) = self.word(0) {
            if matches!(word.as_str(), "ON" | "TO" | "FROM") {
                break;
            }
            self.parser.next_token();
            words.push(word);
        }
        if words.is_empty() || self.at_end() {
            return Err(self.unexpected());
        }
        if self.peek().token == Token::LParen {
            // Permissions on columns.
            self.skip_parentheses()?;
            words.push("(columns)".to_owned());
        }
        Ok(words.join(" "))
    }

    fn securable(&mut self) -> Result<Securable> {
        let class = self.word(0).filter(|_| {
            self.parser.peek_nth_token(1).token == Token::DoubleColon
                || self.parser.peek_nth_token(1).token == Token::Colon
        });
        if let Some(class) = class {
            self.parser.next_token();
            while matches!(self.peek().token, Token::Colon | Token::DoubleColon) {
                self.parser.next_token();
            }
            return match class.as_str() {
                "OBJECT" => Ok(Securable::Object(self.name()?)),
                "SCHEMA" => Ok(Securable::Schema(self.identifier()?)),
                "DATABASE" => self.identifier().map(|_| Securable::Whole),
                _ => Err(self.unexpected()),
            };
        }
        Ok(Securable::Object(self.name()?))
    }

    fn login_options(&mut self) -> Result<LoginOptions> {
        self.expect(&["WITH"])?;
        let mut options = LoginOptions::default();
        self.comma_separated(|batch| {
            let name = batch.identifier()?.to_ascii_uppercase();
            batch.expect_token(&Token::Eq)?;
            match name.as_str() {
                "PASSWORD" => {
                    options.password = Some(batch.text()?);
                    batch.accept(&["MUST_CHANGE"]);
                    // The old one follows without a comma.
                    if batch.accept(&["OLD_PASSWORD"]) {
                        batch.expect_token(&Token::Eq)?;
                        options.old_password = Some(batch.text()?);
                    }
                }
                "DEFAULT_DATABASE" => options.database = Some(batch.identifier()?),
                // The emulator has one language and no policy for passwords.
                "DEFAULT_LANGUAGE" | "CHECK_POLICY" | "CHECK_EXPIRATION" => {
                    batch.identifier()?;
                }
                _ => return Err(batch.unexpected()),
            }
            Ok(())
        })?;
        Ok(options)
    }

    /// A text in quotes.
    fn text(&mut self) -> Result<String> {
        match self.parser.peek_token().token {
            Token::SingleQuotedString(text) | Token::NationalStringLiteral(text) => {
                self.parser.next_token();
                Ok(text)
            }
            _ => Err(self.unexpected()),
        }
    }
}

#[derive(Default)]
struct LoginOptions {
    password: Option<String>,
    old_password: Option<String>,
    database: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::tsql::parse;

    fn one(text: &str) -> Security {
        match parse(text).map(|mut statements| statements.pop()) {
            Ok(Some(statement)) => match statement.kind {
                StatementKind::Security(security) => security,
                other => panic!("{text}: {other:?}"),
            },
            other => panic!("{text}: {other:?}"),
        }
    }

    /// The statements of the SQL Server protocol notes, section 3.5.
    #[test]
    fn statements_about_permissions_are_read() {
        assert_eq!(
            one(
                "CREATE LOGIN [ann] WITH PASSWORD = N'it''s', CHECK_POLICY = OFF, DEFAULT_DATABASE = d"
            ),
            Security::CreateLogin {
                name: "ann".to_owned(),
                password: "it's".to_owned(),
                database: Some("d".to_owned()),
            }
        );
        assert_eq!(
            one("CREATE USER u FOR LOGIN ann WITH DEFAULT_SCHEMA = dbo"),
            Security::CreateUser {
                name: "u".to_owned(),
                login: Some("ann".to_owned()),
            }
        );
        assert!(matches!(
            one("ALTER ROLE db_datareader ADD MEMBER [u]"),
            Security::Member {
                add: true,
                server: false,
                ..
            }
        ));
        let Security::Permissions {
            action,
            permissions,
            on,
            grantees,
        } = one("GRANT EXECUTE ANY EXTERNAL SCRIPT, SELECT TO u, v")
        else {
            panic!("it is a grant")
        };
        assert_eq!(action, Action::Grant);
        assert_eq!(permissions, ["EXECUTE ANY EXTERNAL SCRIPT", "SELECT"]);
        assert_eq!((on, grantees.len()), (Securable::Whole, 2));
        assert!(matches!(
            one("DENY SELECT ON OBJECT::dbo.t TO u"),
            Security::Permissions {
                action: Action::Deny,
                on: Securable::Object(_),
                ..
            }
        ));
        assert!(matches!(
            one("REVOKE SELECT ON SCHEMA::dbo FROM u CASCADE"),
            Security::Permissions {
                action: Action::Revoke,
                on: Securable::Schema(_),
                ..
            }
        ));
        let both = parse("GRANT SELECT ON t TO u SELECT 1").map(|statements| statements.len());
        assert_eq!(both, Ok(2));
        assert!(parse("GRANT SELECT").is_err());
        assert!(parse("GRANT SELECT FROM u").is_err());
    }
}
