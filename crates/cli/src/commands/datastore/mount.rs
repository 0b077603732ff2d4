//! `azml datastore mount` and `umount`.

use azml::datastore::Datastore;

use crate::args::datastore::{MountArgs, UmountArgs};
#[cfg(not(target_os = "linux"))]
use crate::failure::Failure;
use crate::failure::Result;

/// Shows a datastore in a folder until somebody ends that.
#[cfg(target_os = "linux")]
pub(super) async fn mount(datastore: &Datastore, args: &MountArgs) -> Result<()> {
    use azml::datastore::mount::Unmounted;

    use crate::output::note;
    use crate::signals::stopped;

    let cache = usize::try_from(args.cache).unwrap_or(usize::MAX);
    let mut mounting = datastore
        .mount(&args.dir)
        .path(&args.path)
        .cache_bytes(cache.saturating_mul(1 << 20));
    if args.read_write {
        mounting = mounting.read_write();
    }
    if args.allow_other {
        mounting = mounting.everybody();
    }
    let mount = mounting.await?;
    let point = mount.point().display().to_string();
    note(format_args!(
        "mounted `{}` at {point}; Ctrl-C unmounts it",
        datastore.name()
    ));
    // Either is how a mount ends when all has gone well.
    tokio::select! {
        status = stopped() => drop(status?),
        () = mount.ended() => {}
    }
    match mount
        .unmount()
        .await
        .map_err(azml::datastore::Error::from)?
    {
        Unmounted::InUse => note(format_args!(
            "{point} was in use and is out of sight; who uses it loses it now"
        )),
        _ => note(format_args!("unmounted {point}")),
    }
    Ok(())
}

/// Ends a mount, whichever process shows it.
#[cfg(target_os = "linux")]
pub(super) fn umount(args: &UmountArgs) -> Result<()> {
    let unmounted = azml::datastore::mount::unmount(&args.dir, args.lazy);
    unmounted.map_err(azml::datastore::Error::from)?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
pub(super) async fn mount(_: &Datastore, _: &MountArgs) -> Result<()> {
    Err(elsewhere())
}

#[cfg(not(target_os = "linux"))]
pub(super) fn umount(_: &UmountArgs) -> Result<()> {
    Err(elsewhere())
}

#[cfg(not(target_os = "linux"))]
fn elsewhere() -> Failure {
    Failure::new("datastores are mounted on Linux only")
        .hint("download what is needed: azml datastore download")
}
