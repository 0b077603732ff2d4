//! Logins, users, roles and permissions: what their statements change, for those who may.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::change::changed;
use crate::sql::{
    catalog::{MASTER, key},
    dml::{TableName, shown},
    error::{Result, SqlError},
    security::{
        self, FIXED_ROLES, Granted, OWNER, Password, Principal, SERVER_ROLES, SYSTEM_ADMINISTRATOR,
        Scope, StoredLogin,
    },
    session::{Change, Session},
    tsql::{Action, LoginChange, Securable, Security},
};

/// Runs a statement about who may do what.
///
/// # Errors
/// 15247 and 15151 for those who may not, and for names that are taken or not there.
pub(in crate::sql) async fn run(session: &mut Session, statement: &Security) -> Result<()> {
    match statement {
        Security::CreateLogin {
            name,
            password,
            database,
        } => create_login(session, name, password, database.as_deref()).await,
        Security::AlterLogin { name, change } => alter_login(session, name, change).await,
        Security::DropLogin(name) => drop_login(session, name).await,
        Security::CreateUser { name, login } => {
            create_principal(session, name, login.as_deref(), false).await
        }
        Security::CreateRole(name) => create_principal(session, name, None, true).await,
        Security::DropPrincipal {
            name,
            role,
            if_exists,
        } => drop_principal(session, name, *role, *if_exists).await,
        Security::Member {
            role,
            member,
            add,
            server: true,
        } => server_member(session, role, member, *add).await,
        Security::Member {
            role, member, add, ..
        } => member_of(session, role, member, *add).await,
        Security::Permissions {
            action,
            permissions,
            on,
            grantees,
        } => grant(session, *action, permissions, on, grantees).await,
    }
}

/// 15151: it is not there, or not for the one who asks.
fn cannot_find(action: &str, what: &str, name: &str) -> SqlError {
    SqlError::new(
        15151,
        16,
        format!(
            "Cannot {action} the {what} '{name}', because it does not exist or you do not have permission."
        ),
    )
}

fn taken(number: i32, what: &str, name: &str) -> SqlError {
    SqlError::new(
        number,
        16,
        format!("{what} '{name}' already exists in the current database."),
    )
}

async fn create_login(
    session: &mut Session,
    name: &str,
    password: &str,
    database: Option<&str>,
) -> Result<()> {
    session.require_on_server("ALTER ANY LOGIN")?;
    let password = Password::new(password)?;
    changed(session, |session, change| {
        let logins = &mut change.instance.logins;
        if key(name) == SYSTEM_ADMINISTRATOR || logins.contains_key(&key(name)) {
            return Err(SqlError::new(
                15025,
                16,
                format!("The server principal '{name}' already exists."),
            ));
        }
        const FIRST: i32 = 266;
        let last = logins.values().map(|login| login.number).max();
        let login = StoredLogin {
            id: session.server.store.state().ids.uuid(),
            number: last.unwrap_or(FIRST) + 1,
            name: name.to_owned(),
            password,
            database: database.unwrap_or(MASTER).to_owned(),
            enabled: true,
            roles: BTreeSet::new(),
            permissions: BTreeMap::new(),
            created: session.server.store.now(),
        };
        logins.insert(key(name), Arc::new(login));
        Ok(())
    })
    .await
}

async fn alter_login(session: &mut Session, name: &str, to: &LoginChange) -> Result<()> {
    let own = key(name) == key(&session.login);
    let may = session.caller(|caller| caller.may_on_server("ALTER ANY LOGIN"));
    let known = session.snapshot().logins.get(&key(name)).cloned();
    let Some(known) = known.filter(|_| may || own) else {
        return Err(cannot_find("alter", "login", name));
    };
    let mut login = known.as_ref().clone();
    match to {
        LoginChange::Password { new, old } => {
            // Everybody may change the own password, who knows the old one.
            if !may && !old.as_deref().is_some_and(|old| login.password.is(old)) {
                return Err(cannot_find("alter", "login", name));
            }
            login.password = Password::new(new)?;
        }
        _ if !may => return Err(cannot_find("alter", "login", name)),
        LoginChange::Database(database) => login.database.clone_from(database),
        LoginChange::Enabled(enabled) => login.enabled = *enabled,
    }
    changed(session, |_, change| {
        change.instance.logins.insert(key(name), Arc::new(login));
        Ok(())
    })
    .await
}

async fn drop_login(session: &mut Session, name: &str) -> Result<()> {
    let may = session.caller(|caller| caller.may_on_server("ALTER ANY LOGIN"));
    if key(name) == key(&session.login) {
        return Err(SqlError::new(
            15434,
            16,
            format!("Could not drop login '{name}' as the user is currently logged in."),
        ));
    }
    changed(session, |_, change| {
        let removed = change.instance.logins.remove(&key(name)).filter(|_| may);
        match removed {
            Some(_) => Ok(()),
            None => Err(cannot_find("drop", "login", name)),
        }
    })
    .await
}

async fn create_principal(
    session: &mut Session,
    name: &str,
    login: Option<&str>,
    role: bool,
) -> Result<()> {
    let database = session.database.clone();
    let permission = if role {
        "CREATE ROLE"
    } else {
        "ALTER ANY USER"
    };
    if session.require(&database, permission).is_err() {
        return Err(security::not_allowed());
    }
    changed(session, |session, change| {
        let known = |login: &str| {
            key(login) == SYSTEM_ADMINISTRATOR || change.instance.logins.contains_key(&key(login))
        };
        if let Some(missing) = login.filter(|login| !known(login)) {
            return Err(SqlError::new(
                15007,
                16,
                format!("'{missing}' is not a valid login or you do not have permission."),
            ));
        }
        let created = session.server.store.now();
        let principals = &mut change.instance.database_mut(&database)?.principals;
        if principals.knows(name) || FIXED_ROLES.contains(&key(name).as_str()) {
            return Err(taken(15023, "User, group, or role", name));
        }
        let login = login.map(key);
        let mut users = principals.by_name.values();
        if login.is_some() && users.any(|principal| principal.login == login) {
            return Err(SqlError::new(
                15063,
                16,
                "The login already has an account under a different user name.",
            ));
        }
        let principal = Principal {
            number: principals.next_number(),
            name: name.to_owned(),
            role,
            login,
            roles: BTreeSet::new(),
            created,
        };
        principals.by_name.insert(key(name), principal);
        Ok(())
    })
    .await
}

async fn drop_principal(
    session: &mut Session,
    name: &str,
    role: bool,
    if_exists: bool,
) -> Result<()> {
    let database = session.database.clone();
    let (what, permission) = if role {
        ("role", "ALTER ANY ROLE")
    } else {
        ("user", "ALTER ANY USER")
    };
    let may = session.require(&database, permission).is_ok();
    changed(session, |_, change| {
        let principals = &mut change.instance.database_mut(&database)?.principals;
        let found = principals.by_name.get(&key(name));
        if may && found.is_some_and(|principal| principal.role == role) {
            principals.remove(name);
            return Ok(());
        }
        if if_exists && found.is_none() {
            return Ok(());
        }
        Err(cannot_find("drop", what, name))
    })
    .await
}

/// Puts a user or role into a role, or takes it out.
async fn member_of(session: &mut Session, role: &str, member: &str, add: bool) -> Result<()> {
    let database = session.database.clone();
    // Only an owner makes others owners.
    let may = if FIXED_ROLES.contains(&key(role).as_str()) {
        session.require(&database, "CONTROL").is_ok()
            || session.caller(|caller| {
                let found = caller.instance.database(&database);
                found.and_then(|found| caller.is_member(found, "db_owner")) == Some(true)
            })
    } else {
        session.require(&database, "ALTER ANY ROLE").is_ok()
    };
    changed(session, |_, change| {
        let principals = &mut change.instance.database_mut(&database)?.principals;
        if !may || !principals.has_role(role) {
            return Err(cannot_find("alter", "role", role));
        }
        let circular = key(role) == key(member);
        let Some(principal) = principals
            .by_name
            .get_mut(&key(member))
            .filter(|_| !circular)
        else {
            return Err(SqlError::new(
                15410,
                11,
                format!("User or role '{member}' does not exist in this database."),
            ));
        };
        if add {
            principal.roles.insert(key(role));
        } else {
            principal.roles.remove(&key(role));
        }
        Ok(())
    })
    .await
}

async fn server_member(session: &mut Session, role: &str, member: &str, add: bool) -> Result<()> {
    let role = key(role);
    if !SERVER_ROLES.contains(&role.as_str()) {
        return Err(cannot_find("alter", "server role", &role));
    }
    if !session.caller(|caller| caller.is_sysadmin()) {
        return Err(security::not_allowed());
    }
    change_login(session, member, |login| {
        if add {
            login.roles.insert(role);
        } else {
            login.roles.remove(&role);
        }
    })
    .await
}

/// Changes what is stored of a login.
async fn change_login(
    session: &mut Session,
    name: &str,
    make: impl FnOnce(&mut StoredLogin),
) -> Result<()> {
    changed(session, |_, change: &mut Change| {
        let login = change.instance.logins.get_mut(&key(name));
        let login = login.ok_or_else(|| cannot_find("find", "login", name))?;
        make(Arc::make_mut(login));
        Ok(())
    })
    .await
}

async fn grant(
    session: &mut Session,
    action: Action,
    permissions: &[String],
    on: &Securable,
    grantees: &[String],
) -> Result<()> {
    let granted = match action {
        Action::Grant => Some(Granted::Granted),
        Action::Deny => Some(Granted::Denied),
        Action::Revoke => None,
    };
    let of_server = |permission: &String| security::is_server_permission(permission);
    if *on == Securable::Whole && permissions.iter().all(of_server) {
        if !session.caller(|caller| caller.is_sysadmin()) {
            return Err(security::not_allowed());
        }
        for grantee in grantees {
            change_login(session, grantee, |login| {
                for permission in permissions {
                    match granted {
                        Some(granted) => login.permissions.insert(permission.clone(), granted),
                        None => login.permissions.remove(permission),
                    };
                }
            })
            .await?;
        }
        return Ok(());
    }
    let (database, scope, name) = scope(session, on)?;
    for permission in permissions {
        let known = permission == "ALL" || security::is_permission(permission, &scope);
        if permission == "ALL" || permission.ends_with("(columns)") {
            return Err(SqlError::unsupported_clause(permission));
        }
        if !known {
            return Err(SqlError::new(
                102,
                15,
                format!("Incorrect syntax near '{permission}'."),
            ));
        }
    }
    let may = session.caller(|caller| {
        caller.instance.database(&database).is_some_and(|found| {
            caller.may(found, "CONTROL", &scope) || caller.may(found, "GRANT", &scope)
        })
    });
    if !may {
        return Err(match name {
            Some(name) => cannot_find("find", "object", &name),
            None => SqlError::new(4613, 16, "Grantor does not have GRANT permission."),
        });
    }
    changed(session, |_, change| {
        let principals = &mut change.instance.database_mut(&database)?.principals;
        for grantee in grantees {
            if key(grantee) == OWNER {
                return Err(SqlError::new(
                    4624,
                    16,
                    "Cannot grant, deny, or revoke permissions to sa, dbo, entity owner, information_schema, sys, or yourself.",
                ));
            }
            if !principals.knows(grantee) {
                return Err(cannot_find("find", "user", grantee));
            }
            for permission in permissions {
                principals.set(grantee, permission, &scope, granted);
            }
        }
        Ok(())
    })
    .await
}

/// The database and what in it is meant, and the name as written.
fn scope(session: &Session, on: &Securable) -> Result<(String, Scope, Option<String>)> {
    match on {
        Securable::Whole => Ok((session.database.clone(), Scope::Database, None)),
        Securable::Schema(name) => Ok((
            session.database.clone(),
            Scope::Schema(key(name)),
            Some(name.clone()),
        )),
        Securable::Object(written) => {
            let name = TableName::resolve(written, &session.database)?;
            let snapshot = session.snapshot();
            let there = snapshot.database(&name.database).is_some_and(|database| {
                database.table(&name.schema, &name.name).is_some()
                    || database.procedure(&name.schema, &name.name).is_some()
            });
            if !there {
                return Err(cannot_find("find", "object", &shown(written)));
            }
            let scope = Scope::Object(key(&name.schema), key(&name.name));
            Ok((name.database, scope, Some(shown(written))))
        }
    }
}
