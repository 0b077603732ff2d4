//! SET options: what they change, and those that are refused.

use crate::sql::{
    error::{Result, SqlError},
    session::Session,
};

pub(super) fn set_option(session: &mut Session, option: &str, words: &[String]) -> Result<()> {
    let on = words
        .first()
        .is_some_and(|word| word.eq_ignore_ascii_case("ON"));
    match option {
        "NOCOUNT" => session.no_count = on,
        "FMTONLY" => session.format_only = on,
        "XACT_ABORT" => session.abort_on_error = on,
        // What these ask for is how the emulator behaves anyway, or has no effect on its answers.
        "ANSI_NULLS"
        | "ANSI_WARNINGS"
        | "ANSI_PADDING"
        | "ANSI_NULL_DFLT_ON"
        | "ANSI_DEFAULTS"
        | "QUOTED_IDENTIFIER"
        | "ARITHABORT"
        | "CONCAT_NULL_YIELDS_NULL"
        | "CURSOR_CLOSE_ON_COMMIT"
        | "TEXTSIZE"
        | "LANGUAGE"
        | "DATEFORMAT"
        | "DATEFIRST"
        | "LOCK_TIMEOUT"
        | "TRANSACTION"
        | "NO_BROWSETABLE"
        | "DEADLOCK_PRIORITY"
        | "NUMERIC_ROUNDABORT" => {}
        "ROWCOUNT" if words.first().is_some_and(|word| word == "0") => {}
        "IMPLICIT_TRANSACTIONS" if !on => {}
        "NOEXEC" | "PARSEONLY" | "SHOWPLAN_ALL" | "SHOWPLAN_TEXT" | "SHOWPLAN_XML" if !on => {}
        "ROWCOUNT"
        | "IMPLICIT_TRANSACTIONS"
        | "NOEXEC"
        | "PARSEONLY"
        | "SHOWPLAN_ALL"
        | "SHOWPLAN_TEXT"
        | "SHOWPLAN_XML"
        | "IDENTITY_INSERT"
        | "STATISTICS" => {
            return Err(SqlError::unsupported_clause(&format!("SET {option}")));
        }
        _ => {
            return Err(SqlError::new(
                195,
                15,
                format!("'{option}' is not a recognized SET option."),
            ));
        }
    }
    Ok(())
}
