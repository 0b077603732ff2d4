//! System procedures about members of roles: what scripts of the time call instead of ALTER ROLE.

use super::{
    Argument,
    tables::{expected, text},
};
use crate::sql::{error::Result, interpreter, session::Session, tsql::Security};

/// `sp_addrolemember`, `sp_droprolemember` and their twins for roles of the server.
///
/// # Errors
/// 201 where a name is missing, and the errors of ALTER ROLE.
pub(super) async fn member(
    session: &mut Session,
    procedure: &str,
    arguments: &[Argument],
) -> Result<()> {
    let server = procedure.ends_with("srvrolemember");
    // The two take their arguments the other way round.
    let (role, member) = if server {
        (
            text(arguments, "rolename", 1),
            text(arguments, "loginame", 0),
        )
    } else {
        (
            text(arguments, "rolename", 0),
            text(arguments, "membername", 1),
        )
    };
    let role = role.ok_or_else(|| expected(procedure, "@rolename"))?;
    let member = member.ok_or_else(|| expected(procedure, "@membername"))?;
    let statement = Security::Member {
        role: role.to_owned(),
        member: member.to_owned(),
        add: procedure.starts_with("sp_add"),
        server,
    };
    interpreter::change_security(session, &statement).await
}
