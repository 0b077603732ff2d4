//! Who may do what: logins of the server, users and roles of a database, permissions that are granted and denied.
//!
//! Rules only, over a snapshot. Nothing here runs statements or stores anything.

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::pbkdf2;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    catalog::{Database, Instance, key},
    error::{Result, SqlError},
};
use crate::state::random_bytes;

/// The login that may do everything; its password is generated for each data directory.
pub(super) const SYSTEM_ADMINISTRATOR: &str = "sa";
/// The role that every user is in.
const PUBLIC: &str = "public";
/// The user of whoever owns the database.
pub(super) const OWNER: &str = "dbo";

/// The roles of a server that have a meaning here.
pub(super) const SERVER_ROLES: &[&str] = &["sysadmin", "dbcreator", "securityadmin"];
/// The fixed roles of a database.
pub(super) const FIXED_ROLES: &[&str] = &[
    "db_owner",
    "db_accessadmin",
    "db_securityadmin",
    "db_ddladmin",
    "db_datareader",
    "db_datawriter",
    "db_denydatareader",
    "db_denydatawriter",
];

/// The permissions of a database that can be granted.
const DATABASE_PERMISSIONS: &[&str] = &[
    "ALTER",
    "ALTER ANY EXTERNAL LIBRARY",
    "ALTER ANY ROLE",
    "ALTER ANY USER",
    "CONNECT",
    "CONTROL",
    "CREATE EXTERNAL LIBRARY",
    "CREATE PROCEDURE",
    "CREATE ROLE",
    "CREATE TABLE",
    "DELETE",
    "EXECUTE",
    "EXECUTE ANY EXTERNAL SCRIPT",
    "INSERT",
    "SELECT",
    "UPDATE",
    "VIEW DEFINITION",
];
/// The permissions of a table, a procedure or a schema.
const OBJECT_PERMISSIONS: &[&str] = &[
    "ALTER",
    "CONTROL",
    "DELETE",
    "EXECUTE",
    "INSERT",
    "REFERENCES",
    "SELECT",
    "UPDATE",
    "VIEW DEFINITION",
];
/// The permissions of the server.
const SERVER_PERMISSIONS: &[&str] = &[
    "ALTER ANY DATABASE",
    "ALTER ANY LOGIN",
    "CONTROL SERVER",
    "CREATE ANY DATABASE",
    "VIEW SERVER STATE",
];

/// Rounds of the function that makes a password's digest.
const ROUNDS: std::num::NonZeroU32 = std::num::NonZeroU32::new(10_000).expect("it is not zero");

/// A password's digest, with its salt.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Password {
    salt: [u8; 16],
    digest: [u8; 32],
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(***)")
    }
}

impl Password {
    /// # Errors
    /// When the system gives no random bytes.
    pub(super) fn new(text: &str) -> Result<Self> {
        let salt = random_bytes::<16>()?;
        let mut digest = [0; 32];
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA256,
            ROUNDS,
            &salt,
            text.as_bytes(),
            &mut digest,
        );
        Ok(Self { salt, digest })
    }

    /// Whether this is the password; takes as long for any text.
    pub(super) fn is(&self, text: &str) -> bool {
        pbkdf2::verify(
            pbkdf2::PBKDF2_HMAC_SHA256,
            ROUNDS,
            &self.salt,
            text.as_bytes(),
            &self.digest,
        )
        .is_ok()
    }

    /// Does what a comparison does, for a login that is not there.
    pub(super) fn nobody(text: &str) {
        let none = Self {
            salt: [0; 16],
            digest: [0; 32],
        };
        let _ = none.is(text);
    }
}

/// A login that was created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredLogin {
    pub(super) id: Uuid,
    /// As `sys.server_principals` numbers it.
    pub(super) number: i32,
    pub(super) name: String,
    pub(super) password: Password,
    /// Where it begins when it names no database.
    pub(super) database: String,
    pub(super) enabled: bool,
    pub(super) roles: BTreeSet<String>,
    pub(super) permissions: BTreeMap<String, Granted>,
    /// Unix milliseconds.
    pub(super) created: i64,
}

/// Whether a permission is there or must not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Granted {
    Granted,
    Denied,
}

/// A user or a role of a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Principal {
    /// As `sys.database_principals` numbers it.
    pub(super) number: i32,
    pub(super) name: String,
    pub(super) role: bool,
    /// The login that connects as this user, as [`key`].
    pub(super) login: Option<String>,
    /// The roles that it is in, as [`key`].
    pub(super) roles: BTreeSet<String>,
    /// Unix milliseconds.
    pub(super) created: i64,
}

/// A permission on something, and whether it is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Grant {
    /// As [`key`].
    pub(super) grantee: String,
    pub(super) permission: String,
    pub(super) on: Scope,
    pub(super) granted: Granted,
}

/// What a permission is about. Names are as [`key`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Scope {
    Database,
    Schema(String),
    Object(String, String),
}

impl Scope {
    /// Whether what holds here holds for an object too.
    fn covers(&self, wanted: &Self) -> bool {
        match (self, wanted) {
            (Self::Database, _) => true,
            (Self::Schema(schema), Self::Object(other, _)) => schema == other,
            _ => self == wanted,
        }
    }
}

/// The users, roles and permissions of a database. Names are as [`key`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Principals {
    pub(super) by_name: BTreeMap<String, Principal>,
    pub(super) grants: Vec<Grant>,
}

impl Principals {
    /// Whether users and roles can be called so, and be given permissions.
    pub(super) fn knows(&self, name: &str) -> bool {
        let name = key(name);
        name == PUBLIC || name == OWNER || self.by_name.contains_key(&name)
    }

    /// Whether there is such a role, fixed or made.
    pub(super) fn has_role(&self, name: &str) -> bool {
        let name = key(name);
        FIXED_ROLES.contains(&name.as_str())
            || self
                .by_name
                .get(&name)
                .is_some_and(|principal| principal.role)
    }

    /// A number that nobody has.
    pub(super) fn next_number(&self) -> i32 {
        const FIRST: i32 = 4;
        let numbers = self.by_name.values().map(|principal| principal.number);
        numbers.max().map_or(FIRST, |number| number.max(FIRST)) + 1
    }

    /// Takes a user or role out, with its memberships and permissions.
    pub(super) fn remove(&mut self, name: &str) {
        let name = key(name);
        self.by_name.remove(&name);
        self.grants.retain(|grant| grant.grantee != name);
        for principal in self.by_name.values_mut() {
            principal.roles.remove(&name);
        }
    }

    /// Sets or takes back a permission.
    pub(super) fn set(
        &mut self,
        grantee: &str,
        permission: &str,
        on: &Scope,
        granted: Option<Granted>,
    ) {
        let grantee = key(grantee);
        self.grants.retain(|grant| {
            grant.grantee != grantee || grant.permission != permission || grant.on != *on
        });
        if let Some(granted) = granted {
            self.grants.push(Grant {
                grantee,
                permission: permission.to_owned(),
                on: on.clone(),
                granted,
            });
        }
    }

    /// Drops the permissions on an object that is gone.
    pub(super) fn forget(&mut self, schema: &str, name: &str) {
        let gone = Scope::Object(key(schema), key(name));
        self.grants.retain(|grant| grant.on != gone);
    }

    /// Moves the permissions on an object that has another name now.
    pub(super) fn rename(&mut self, old: &(String, String), new: (&str, &str)) {
        let was = Scope::Object(old.0.clone(), old.1.clone());
        for grant in &mut self.grants {
            if grant.on == was {
                grant.on = Scope::Object(new.0.to_owned(), new.1.to_owned());
            }
        }
    }

    /// A user with every role that it is in, through others too.
    fn closure(&self, user: &str) -> BTreeSet<String> {
        let mut all = BTreeSet::from([key(user), PUBLIC.to_owned()]);
        let mut waiting = vec![key(user)];
        while let Some(next) = waiting.pop() {
            let roles = self.by_name.get(&next).map(|principal| &principal.roles);
            for role in roles.into_iter().flatten() {
                if all.insert(role.clone()) {
                    waiting.push(role.clone());
                }
            }
        }
        all
    }
}

/// Whether a permission can be granted on this.
pub(super) fn is_permission(permission: &str, on: &Scope) -> bool {
    match on {
        Scope::Database => DATABASE_PERMISSIONS.contains(&permission),
        Scope::Schema(_) | Scope::Object(..) => OBJECT_PERMISSIONS.contains(&permission),
    }
}

/// Whether this is a permission of the server.
pub(super) fn is_server_permission(permission: &str) -> bool {
    SERVER_PERMISSIONS.contains(&permission)
}

/// A login over a snapshot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller<'a> {
    pub(super) instance: &'a Instance,
    pub(super) login: &'a str,
}

impl<'a> Caller<'a> {
    fn stored(&self) -> Option<&'a StoredLogin> {
        self.instance
            .logins
            .get(&key(self.login))
            .map(AsRef::as_ref)
    }

    pub(super) fn has_server_role(&self, role: &str) -> bool {
        key(self.login) == SYSTEM_ADMINISTRATOR
            || self
                .stored()
                .is_some_and(|login| login.roles.contains(role))
    }

    /// Whether it may do everything.
    pub(super) fn is_sysadmin(&self) -> bool {
        self.has_server_role("sysadmin")
    }

    /// Whether it has a permission of the server.
    pub(super) fn may_on_server(&self, permission: &str) -> bool {
        if self.is_sysadmin() {
            return true;
        }
        let Some(login) = self.stored() else {
            return false;
        };
        match login.permissions.get(permission) {
            Some(Granted::Denied) => false,
            Some(Granted::Granted) => true,
            None => match permission {
                "CREATE ANY DATABASE" | "ALTER ANY DATABASE" => login.roles.contains("dbcreator"),
                "ALTER ANY LOGIN" => login.roles.contains("securityadmin"),
                _ => login.permissions.get("CONTROL SERVER") == Some(&Granted::Granted),
            },
        }
    }

    /// The name of its user in a database; `None` where it has none and may not be there.
    pub(super) fn user(&self, database: &'a Database) -> Option<&'a str> {
        if self.is_sysadmin() || database.owner.as_deref() == Some(key(self.login).as_str()) {
            return Some(OWNER);
        }
        let login = key(self.login);
        let mut users = database.principals.by_name.values();
        let user = users.find(|principal| principal.login.as_deref() == Some(login.as_str()));
        match user {
            Some(user) => Some(&user.name),
            // Everybody may be where everybody begins.
            None if matches!(key(&database.name).as_str(), "master" | "tempdb" | "msdb") => {
                Some("guest")
            }
            None => None,
        }
    }

    /// Whether it is a member of a role of a database; `None` where there is no such role.
    pub(super) fn is_member(&self, database: &'a Database, role: &str) -> Option<bool> {
        let user = self.user(database)?;
        if key(role) != PUBLIC && !database.principals.has_role(role) {
            return None;
        }
        let owns = user == OWNER && (FIXED_ROLES.contains(&key(role).as_str()));
        Some(owns || database.principals.closure(user).contains(&key(role)))
    }

    /// Whether it has a permission in a database.
    pub(super) fn may(&self, database: &'a Database, permission: &str, on: &Scope) -> bool {
        let Some(user) = self.user(database) else {
            return false;
        };
        if user == OWNER {
            return true;
        }
        let groups = database.principals.closure(user);
        let in_role = |role: &str| groups.contains(role);
        let is_write = matches!(permission, "INSERT" | "UPDATE" | "DELETE");
        let of_grants = |granted: Granted| {
            database.principals.grants.iter().any(|grant| {
                grant.granted == granted
                    && (grant.permission == permission || grant.permission == "CONTROL")
                    && grant.on.covers(on)
                    && groups.contains(&grant.grantee)
            })
        };
        if of_grants(Granted::Denied)
            || permission == "SELECT" && in_role("db_denydatareader")
            || is_write && in_role("db_denydatawriter")
        {
            return false;
        }
        in_role("db_owner")
            || permission == "CONNECT"
            || permission == "SELECT" && in_role("db_datareader")
            || is_write && in_role("db_datawriter")
            || matches!(
                permission,
                "ALTER"
                    | "CREATE TABLE"
                    | "CREATE PROCEDURE"
                    | "CREATE EXTERNAL LIBRARY"
                    | "ALTER ANY EXTERNAL LIBRARY"
            ) && in_role("db_ddladmin")
            || matches!(permission, "ALTER ANY ROLE" | "CREATE ROLE" | "GRANT")
                && in_role("db_securityadmin")
            || permission == "ALTER ANY USER" && in_role("db_accessadmin")
            || of_grants(Granted::Granted)
    }

    /// The database, where it may be there.
    ///
    /// # Errors
    /// 911 where there is none of that name, 916 where it has no user there.
    pub(super) fn enter(&self, name: &str) -> Result<&'a Database> {
        let database = self
            .instance
            .database(name)
            .ok_or_else(|| super::catalog::no_database(name))?;
        if self.user(database).is_none() {
            return Err(SqlError::new(
                916,
                14,
                format!(
                    "The server principal \"{}\" is not able to access the database \"{}\" under the current security context.",
                    self.login, database.name
                ),
            ));
        }
        Ok(database)
    }

    /// Lets it do something with a table or procedure, or not.
    ///
    /// # Errors
    /// 911, 916, and 229 where the permission is missing.
    pub(super) fn require_object(
        &self,
        database: &str,
        schema: &str,
        name: &str,
        permission: &str,
    ) -> Result<()> {
        let database = self.enter(database)?;
        if self.may(database, permission, &Scope::Object(key(schema), key(name))) {
            return Ok(());
        }
        Err(SqlError::new(
            229,
            14,
            format!(
                "The {permission} permission was denied on the object '{name}', database '{}', schema '{schema}'.",
                database.name
            ),
        )
        .with_state(5))
    }

    /// Lets it do something in a database, or not.
    ///
    /// # Errors
    /// 911, 916, and 262 where the permission is missing.
    pub(super) fn require(&self, database: &str, permission: &str) -> Result<()> {
        let database = self.enter(database)?;
        if self.may(database, permission, &Scope::Database) {
            return Ok(());
        }
        Err(denied(permission, &database.name))
    }

    /// Lets it do something with the server, or not.
    ///
    /// # Errors
    /// 262 for databases and 15247 for logins, where the permission is missing.
    pub(super) fn require_on_server(&self, permission: &str) -> Result<()> {
        if self.may_on_server(permission) {
            return Ok(());
        }
        Err(if permission == "CREATE ANY DATABASE" {
            denied("CREATE DATABASE", "master")
        } else {
            not_allowed()
        })
    }
}

fn denied(permission: &str, database: &str) -> SqlError {
    SqlError::new(
        262,
        14,
        format!("{permission} permission denied in database '{database}'."),
    )
}

/// 15247.
pub(super) fn not_allowed() -> SqlError {
    SqlError::new(
        15247,
        16,
        "User does not have permission to perform this action.",
    )
}
