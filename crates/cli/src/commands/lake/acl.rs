//! `azml adls acl`.

use azml::datalake_analytics::{AclChange, FileSystem};

use crate::args::adls::AclArgs;
use crate::failure::{Failure, Result};
use crate::output::{Format, Record, note};

/// Changes what is asked for, then shows what is.
pub(super) async fn run(args: AclArgs, files: &FileSystem, format: &Format) -> Result<()> {
    let path = &args.path;
    if let Some(mode) = &args.mode {
        files.set_permission(path, mode).await?;
    }
    if args.owner.is_some() || args.group.is_some() {
        files
            .set_owner(path, args.owner.as_deref(), args.group.as_deref())
            .await?;
    }
    if args.clear {
        files.remove_acl(path).await?;
        if files.status(path).await?.is_directory() {
            files.remove_default_acl(path).await?;
        }
    }
    let changes = [
        args.set.map(AclChange::Set),
        args.add.map(AclChange::Modify),
        args.remove.map(AclChange::Remove),
    ];
    for change in changes.into_iter().flatten() {
        if args.recursive {
            everything(files, path, &change).await?;
        } else {
            one(files, path, &change).await?;
        }
    }
    let acl = files.acl(path).await?;
    let mut record = Record::default();
    record
        .field("owner", acl.owner)
        .field("group", acl.group)
        .field("permission", acl.permission)
        .field("entries", acl.entries);
    record.print(format)
}

async fn one(files: &FileSystem, path: &str, change: &AclChange) -> Result<()> {
    match change {
        AclChange::Set(spec) => files.set_acl(path, spec).await?,
        AclChange::Modify(spec) => files.modify_acl(path, spec).await?,
        AclChange::Remove(spec) => files.remove_acl_entries(path, spec).await?,
        _ => {}
    }
    Ok(())
}

async fn everything(files: &FileSystem, path: &str, change: &AclChange) -> Result<()> {
    let report = files.change_acl_recursively(path, change).await?;
    note(format_args!(
        "changed {} files and directories",
        report.changed
    ));
    for (path, error) in &report.failed {
        note(format_args!("not changed: {path}: {error}"));
    }
    if report.failed.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{} files and directories were not changed",
        report.failed.len()
    )))
}
