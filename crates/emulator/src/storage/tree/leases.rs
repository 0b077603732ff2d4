//! Leases of blobs and containers: who holds one, for how long, and who may write while
//! it is held.

use serde::{Deserialize, Serialize};

use super::blobs::{existing, key};
use super::{Address, BLOBS, CONTAINERS, Tree};
use crate::state::{Ids, Key};
use crate::storage::conditions::Conditions;
use crate::storage::error::{Code, Result};
use crate::storage::time::Ticks;

const TICKS: u64 = 10_000_000;

/// A lease that was taken and not released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lease {
    pub(crate) id: String,
    /// Its length in seconds; `None` until it is released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seconds: Option<u64>,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<Ticks>,
    /// When it is over because somebody broke it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) broken_at: Option<Ticks>,
}

/// What a lease is at a certain time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LeaseState {
    Available,
    Leased,
    Expired,
    Breaking,
    Broken,
}

impl LeaseState {
    /// The state of `lease` now.
    pub(crate) fn of(lease: Option<&Lease>, now: Ticks) -> Self {
        let Some(lease) = lease else {
            return Self::Available;
        };
        match (lease.broken_at, lease.until) {
            (Some(at), _) if at > now => Self::Breaking,
            (Some(_), _) => Self::Broken,
            (None, Some(until)) if until <= now => Self::Expired,
            (None, _) => Self::Leased,
        }
    }

    /// The name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Leased => "leased",
            Self::Expired => "expired",
            Self::Breaking => "breaking",
            Self::Broken => "broken",
        }
    }

    /// `locked` or `unlocked`, as it is shown.
    pub(crate) fn status(self) -> &'static str {
        if self.is_locked() {
            "locked"
        } else {
            "unlocked"
        }
    }

    fn is_locked(self) -> bool {
        matches!(self, Self::Leased | Self::Breaking)
    }
}

/// What is wanted of a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LeaseAction {
    /// Take it, for so many seconds or without end.
    Acquire(Option<u64>, Option<String>),
    /// Begin its time anew.
    Renew(String),
    /// Go on under another id.
    Change(String, String),
    /// Give it up.
    Release(String),
    /// End it for whoever holds it, after so many seconds.
    Break(Option<u64>),
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LeaseAnswer {
    pub(crate) etag: u64,
    pub(crate) modified: Ticks,
    /// The id, where there is one to tell.
    pub(crate) id: Option<String>,
    /// The seconds until a broken lease is over.
    pub(crate) seconds: Option<u64>,
}

impl LeaseAction {
    /// Applies the action: the lease afterwards, and what to answer.
    pub(crate) fn apply(
        self,
        lease: Option<Lease>,
        now: Ticks,
        ids: &Ids,
    ) -> Result<(Option<Lease>, LeaseAnswer)> {
        let state = LeaseState::of(lease.as_ref(), now);
        let answer = |lease: Lease| {
            let id = Some(lease.id.clone());
            let answer = LeaseAnswer {
                id,
                ..LeaseAnswer::default()
            };
            Ok((Some(lease), answer))
        };
        let held = |id: &str| -> Result<Lease> {
            match &lease {
                None => Err(Code::LeaseNotPresentWithLeaseOperation.into()),
                Some(lease) if !lease.id.eq_ignore_ascii_case(id) => {
                    Err(Code::LeaseIdMismatchWithLeaseOperation.into())
                }
                Some(lease) => Ok(lease.clone()),
            }
        };
        let until = |seconds: Option<u64>| seconds.map(|seconds| Ticks(now.0 + seconds * TICKS));
        match self {
            Self::Acquire(seconds, proposed) => {
                let same = match (&lease, &proposed) {
                    (Some(lease), Some(id)) => lease.id.eq_ignore_ascii_case(id),
                    _ => false,
                };
                match state {
                    LeaseState::Leased if !same => return Err(Code::LeaseAlreadyPresent.into()),
                    LeaseState::Breaking => {
                        return Err(Code::LeaseIsBreakingAndCannotBeAcquired.into());
                    }
                    _ => {}
                }
                answer(Lease {
                    id: proposed.unwrap_or_else(|| ids.uuid().to_string()),
                    seconds,
                    until: until(seconds),
                    broken_at: None,
                })
            }
            Self::Renew(id) => {
                let lease = held(&id)?;
                if matches!(state, LeaseState::Breaking | LeaseState::Broken) {
                    return Err(Code::LeaseIsBrokenAndCannotBeRenewed.into());
                }
                answer(Lease {
                    until: until(lease.seconds),
                    ..lease
                })
            }
            Self::Change(id, proposed) => {
                // Asked twice, the second finds what it wanted.
                let lease = held(&id).or_else(|error| held(&proposed).map_err(|_| error))?;
                match state {
                    LeaseState::Leased => answer(Lease {
                        id: proposed,
                        ..lease
                    }),
                    LeaseState::Breaking => Err(Code::LeaseIsBreakingAndCannotBeChanged.into()),
                    _ => Err(Code::LeaseNotPresentWithLeaseOperation.into()),
                }
            }
            Self::Release(id) => {
                held(&id)?;
                Ok((None, LeaseAnswer::default()))
            }
            Self::Break(period) => {
                let lease = lease.ok_or(Code::LeaseNotPresentWithLeaseOperation)?;
                let left = |end: Option<Ticks>| end.map(|end| end.0.saturating_sub(now.0) / TICKS);
                let seconds = match state {
                    LeaseState::Leased => {
                        let left = left(lease.until);
                        match (period, left) {
                            (Some(period), Some(left)) => period.min(left),
                            (Some(period), None) => period,
                            (None, left) => left.unwrap_or(0),
                        }
                    }
                    LeaseState::Breaking => {
                        let left = left(lease.broken_at).unwrap_or(0);
                        period.map_or(left, |period| period.min(left))
                    }
                    _ => 0,
                };
                let lease = Lease {
                    broken_at: Some(Ticks(now.0 + seconds * TICKS)),
                    ..lease
                };
                let seconds = Some(seconds);
                let answer = LeaseAnswer {
                    seconds,
                    ..LeaseAnswer::default()
                };
                Ok((Some(lease), answer))
            }
        }
    }
}

/// The codes of refusals, which name what is leased.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeaseCodes {
    mismatch: Code,
    absent: Code,
}

/// For blobs.
pub(crate) const BLOB_LEASE: LeaseCodes = LeaseCodes {
    mismatch: Code::LeaseIdMismatchWithBlobOperation,
    absent: Code::LeaseNotPresentWithBlobOperation,
};
/// For containers.
pub(crate) const CONTAINER_LEASE: LeaseCodes = LeaseCodes {
    mismatch: Code::LeaseIdMismatchWithContainerOperation,
    absent: Code::LeaseNotPresentWithContainerOperation,
};

/// For files of shares.
pub(crate) const FILE_LEASE: LeaseCodes = LeaseCodes {
    mismatch: Code::LeaseIdMismatchWithFileOperation,
    absent: Code::LeaseNotPresentWithFileOperation,
};

/// Checks a lease id that was given; none is always good enough to read.
pub(crate) fn check_given(
    lease: Option<&Lease>,
    given: Option<&str>,
    now: Ticks,
    codes: LeaseCodes,
) -> Result<()> {
    let Some(given) = given else {
        return Ok(());
    };
    let locked = LeaseState::of(lease, now).is_locked();
    let same = lease.is_some_and(|lease| lease.id.eq_ignore_ascii_case(given));
    match (locked, same) {
        (true, true) => Ok(()),
        (true, false) => Err(codes.mismatch.into()),
        (false, true) => Err(Code::LeaseLost.into()),
        (false, false) => Err(codes.absent.into()),
    }
}

/// Checks a write, for which the id of a lease that is held is needed.
pub(crate) fn check_write(
    lease: Option<&Lease>,
    given: Option<&str>,
    now: Ticks,
    codes: LeaseCodes,
) -> Result<()> {
    if given.is_none() && LeaseState::of(lease, now).is_locked() {
        return Err(Code::LeaseIdMissing.into());
    }
    check_given(lease, given, now, codes)
}

impl Tree {
    /// Does something with the lease of a blob. Its entity tag stays.
    ///
    /// # Errors
    /// The blob is not there; conditions that do not hold; the lease is not the caller's.
    pub(crate) async fn lease_blob(
        &self,
        at: Address,
        conditions: Conditions,
        action: LeaseAction,
    ) -> Result<LeaseAnswer> {
        let now = self.stamp().now;
        let ids = self.state.ids.clone();
        self.write(move |txn| {
            let (container, mut blob) = existing(txn, &at)?;
            conditions.check_write(Some(blob.version()), Code::ConditionNotMet)?;
            let (lease, answer) = action.apply(blob.lease.take(), now, &ids)?;
            blob.lease = lease;
            txn.put_json(BLOBS, key(&container, &at.name), &blob)?;
            Ok(LeaseAnswer {
                etag: blob.etag,
                modified: blob.modified,
                ..answer
            })
        })
        .await
    }

    /// Does something with the lease of a container. Its entity tag stays.
    ///
    /// # Errors
    /// As [`Tree::lease_blob`].
    pub(crate) async fn lease_container(
        &self,
        account: &str,
        name: &str,
        conditions: Conditions,
        action: LeaseAction,
    ) -> Result<LeaseAnswer> {
        let (account, name) = (account.to_owned(), name.to_owned());
        let now = self.stamp().now;
        let ids = self.state.ids.clone();
        self.write(move |txn| {
            let mut container = super::container(txn, &account, &name)?;
            conditions.check_write(Some(container.version()), Code::ConditionNotMet)?;
            let (lease, answer) = action.apply(container.lease.take(), now, &ids)?;
            container.lease = lease;
            txn.put_json(CONTAINERS, Key::of([&account, &name]), &container)?;
            Ok(LeaseAnswer {
                etag: container.etag,
                modified: container.modified,
                ..answer
            })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(until: Option<u64>, broken_at: Option<u64>) -> Lease {
        Lease {
            id: "a".to_owned(),
            seconds: until,
            until: until.map(Ticks),
            broken_at: broken_at.map(Ticks),
        }
    }

    /// storage ST-30.
    #[test]
    fn leases_end_by_themselves_and_by_being_broken() {
        let state = |lease: &Lease, now| LeaseState::of(Some(lease), Ticks(now));
        assert_eq!(LeaseState::of(None, Ticks(1)), LeaseState::Available);
        assert_eq!(state(&lease(None, None), u64::MAX), LeaseState::Leased);
        assert_eq!(state(&lease(Some(5), None), 4), LeaseState::Leased);
        assert_eq!(state(&lease(Some(5), None), 5), LeaseState::Expired);
        assert_eq!(state(&lease(Some(5), Some(9)), 8), LeaseState::Breaking);
        assert_eq!(state(&lease(Some(5), Some(9)), 9), LeaseState::Broken);
    }

    /// storage ST-31.
    #[test]
    fn writes_need_the_id_while_the_lease_is_held() {
        let held = lease(None, None);
        let code = |lease: Option<&Lease>, given: Option<&str>| {
            check_write(lease, given, Ticks(1), BLOB_LEASE)
                .err()
                .map(|error| error.code())
        };
        assert_eq!(code(None, None), None);
        assert_eq!(code(Some(&held), Some("A")), None);
        assert_eq!(code(Some(&held), None), Some(Code::LeaseIdMissing));
        let mismatch = Some(Code::LeaseIdMismatchWithBlobOperation);
        assert_eq!(code(Some(&held), Some("b")), mismatch);
        let absent = Some(Code::LeaseNotPresentWithBlobOperation);
        assert_eq!(code(None, Some("a")), absent);
        let expired = lease(Some(1), None);
        assert_eq!(code(Some(&expired), Some("a")), Some(Code::LeaseLost));
        assert_eq!(code(Some(&expired), None), None);
    }
}
