//! Being told to stop, on every system.

use crate::failure::{Failure, Result};

/// Exit status after an interrupt, as shells count: 128 and the signal's number.
const INTERRUPTED: u8 = 130;
/// Exit status after being asked to end.
const TERMINATED: u8 = 143;

/// Waits for an interrupt or a request to end, and returns the exit status for it.
#[cfg(unix)]
pub(crate) async fn stopped() -> Result<u8> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(tokio::select! {
        _ = interrupt.recv() => INTERRUPTED,
        _ = terminate.recv() => TERMINATED,
    })
}

/// Waits for an interrupt or a request to end, and returns the exit status for it.
#[cfg(not(unix))]
pub(crate) async fn stopped() -> Result<u8> {
    let _ = TERMINATED;
    tokio::signal::ctrl_c().await?;
    Ok(INTERRUPTED)
}

/// Does the work unless stopped first. Stopping drops the work, which removes what it has
/// not finished.
pub(crate) async fn unless_stopped<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        result = work => result,
        status = stopped() => Err(Failure::Status(status?)),
    }
}
