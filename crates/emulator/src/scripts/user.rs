//! As whom submitted scripts run: never as root unless that was asked for.

use super::RunAs;

/// The user of scripts when root asks for none.
#[cfg(unix)]
const UNPRIVILEGED: &str = "nobody";

/// The user to run as: the emulator's own, unless it is root.
///
/// # Errors
/// For an unknown user, or one that is asked for by somebody who is not root.
#[cfg(unix)]
pub(super) fn run_as(wanted: Option<&str>) -> Result<RunAs, String> {
    if !rustix::process::geteuid().is_root() {
        return match wanted {
            None => Ok(RunAs::Own),
            Some(user) => Err(format!(
                "only root can run scripts as another user, such as '{user}'"
            )),
        };
    }
    let name = wanted.unwrap_or(UNPRIVILEGED);
    let users =
        std::fs::read_to_string("/etc/passwd").map_err(|error| format!("/etc/passwd: {error}"))?;
    let (uid, gid) = find(&users, name).ok_or_else(|| format!("there is no user '{name}'"))?;
    Ok(if uid == 0 {
        RunAs::Own
    } else {
        RunAs::User { uid, gid }
    })
}

/// Elsewhere scripts run as the user of the emulator.
///
/// # Errors
/// When another user is asked for.
#[cfg(not(unix))]
pub(super) fn run_as(wanted: Option<&str>) -> Result<RunAs, String> {
    match wanted {
        None => Ok(RunAs::Own),
        Some(user) => Err(format!(
            "scripts cannot run as another user here, such as '{user}'"
        )),
    }
}

/// The ids of a user in the text of `/etc/passwd`.
#[cfg(unix)]
fn find(users: &str, name: &str) -> Option<(u32, u32)> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let is_wanted = fields.next() == Some(name);
        let (uid, gid) = (fields.nth(1)?, fields.next()?);
        is_wanted.then(|| Some((uid.parse().ok()?, gid.parse().ok()?)))?
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_their_whole_name() {
        let users = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65533:n:/:/bin/false\nbroken\n";
        assert_eq!(find(users, "nobody"), Some((65534, 65533)));
        assert_eq!(find(users, "nobod"), None);
        assert_eq!(find(users, "broken"), None);
    }
}
