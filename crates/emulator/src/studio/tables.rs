//! The tables of the service and how they are read: which key leads to what.

use super::model::{Dataset, Experiment, Family, Upload, Workspace, dataset_id};
use crate::state::{Error, Key, KeyRange, Read, WriteTxn};

/// Workspace id -> [`Workspace`].
pub(super) const WORKSPACES: &str = "studio/workspaces";
/// Workspace, user id -> `User`.
pub(super) const USERS: &str = "studio/users";
/// Workspace, upload id -> [`Upload`].
pub(super) const UPLOADS: &str = "studio/uploads";
/// Workspace, upload id, block number -> `Segment`.
pub(super) const BLOCKS: &str = "studio/blocks";
/// Expiry, workspace, upload id -> nothing.
pub(super) const EXPIRIES: &str = "studio/upload-expiries";
/// Workspace, family id -> [`Family`].
pub(super) const FAMILIES: &str = "studio/families";
/// Workspace, place -> family id: the order of the listing.
pub(super) const PLACES: &str = "studio/family-places";
/// Workspace, name -> family id: the names of the newest versions.
pub(super) const NAMES: &str = "studio/names";
/// Workspace, family id, version -> [`Dataset`].
pub(super) const DATASETS: &str = "studio/datasets";
/// Workspace, experiment id -> [`Experiment`].
pub(super) const EXPERIMENTS: &str = "studio/experiments";
/// Name -> last number given out.
const COUNTERS: &str = "studio/counters";

/// A number whose key order is its order.
pub(super) fn ordered(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

/// A key of parts of different kinds.
pub(super) fn key(parts: &[&[u8]]) -> Key {
    Key::of(parts)
}

/// The next number of a sequence: larger than every one before.
pub(super) fn next_number(txn: &mut WriteTxn<'_>, sequence: &str) -> Result<u64, Error> {
    let next = txn.get_json::<u64>(COUNTERS, sequence)?.unwrap_or(0) + 1;
    txn.put_json(COUNTERS, sequence, &next)?;
    Ok(next)
}

pub(super) fn workspace(txn: &impl Read, id: &str) -> Result<Option<Workspace>, Error> {
    txn.get_json(WORKSPACES, id)
}

pub(super) fn upload(txn: &impl Read, workspace: &str, id: &str) -> Result<Option<Upload>, Error> {
    txn.get_json(UPLOADS, Key::of([workspace, id]))
}

pub(super) fn family(txn: &impl Read, workspace: &str, id: &str) -> Result<Option<Family>, Error> {
    txn.get_json(FAMILIES, Key::of([workspace, id]))
}

pub(super) fn dataset_key(workspace: &str, family: &str, version: u32) -> Key {
    key(&[
        workspace.as_bytes(),
        family.as_bytes(),
        &ordered(version.into()),
    ])
}

/// The version with this id, of whatever workspace.
pub(super) fn dataset(txn: &impl Read, id: &str) -> Result<Option<Dataset>, Error> {
    let mut parts = id.splitn(3, '.');
    let (Some(workspace), Some(family), Some(version)) = (parts.next(), parts.next(), parts.next())
    else {
        return Ok(None);
    };
    let number = version.strip_prefix("v1-default-");
    let Some(number) = number.and_then(|number| number.parse().ok()) else {
        return Ok(None);
    };
    // `+1` and `01` parse too, and name nothing.
    if dataset_id(workspace, family, number) != id {
        return Ok(None);
    }
    txn.get_json(DATASETS, dataset_key(workspace, family, number))
}

/// The newest version of each dataset of a workspace, in the order of the listing.
pub(super) fn latest_datasets(txn: &impl Read, workspace: &str) -> Result<Vec<Dataset>, Error> {
    let places: Vec<String> = txn.scan_json(PLACES, &KeyRange::prefix(Key::of([workspace])))?;
    let mut datasets = Vec::with_capacity(places.len());
    for id in places {
        if let Some(family) = family(txn, workspace, &id)? {
            let key = dataset_key(workspace, &id, family.latest);
            datasets.extend(txn.get_json(DATASETS, key)?);
        }
    }
    Ok(datasets)
}

pub(super) fn experiment(
    txn: &impl Read,
    workspace: &str,
    id: &str,
) -> Result<Option<Experiment>, Error> {
    txn.get_json(EXPERIMENTS, Key::of([workspace, id]))
}

pub(super) fn put_experiment(txn: &mut WriteTxn<'_>, experiment: &Experiment) -> Result<(), Error> {
    let key = Key::of([&experiment.workspace, &experiment.id]);
    txn.put_json(EXPERIMENTS, key, experiment)
}

/// The experiments of a workspace in the order of the listing.
pub(super) fn experiments(txn: &impl Read, workspace: &str) -> Result<Vec<Experiment>, Error> {
    let range = KeyRange::prefix(Key::of([workspace]));
    let mut experiments: Vec<Experiment> = txn.scan_json(EXPERIMENTS, &range)?;
    experiments.sort_by_key(|experiment| experiment.place);
    Ok(experiments)
}
