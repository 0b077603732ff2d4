//! Leases of blobs and containers.

use super::BlobService;
use super::objects::address;
use crate::storage::answer::Answer;
use crate::storage::conditions::Conditions;
use crate::storage::error::Result;
use crate::storage::lease;
use crate::storage::request::Call;

impl BlobService {
    pub(super) async fn lease_blob(&self, call: &Call) -> Result<Answer> {
        let (action, status) = lease::action(call)?;
        let conditions = Conditions::parse(call)?;
        let answer = self
            .tree
            .lease_blob(address(call), conditions, action)
            .await?;
        Ok(lease::answered(status, &answer))
    }

    pub(super) async fn lease_container(&self, call: &Call) -> Result<Answer> {
        let (action, status) = lease::action(call)?;
        let target = &call.target;
        let answer = self
            .tree
            .lease_container(
                &target.account,
                &target.container,
                Conditions::parse(call)?,
                action,
            )
            .await?;
        Ok(lease::answered(status, &answer))
    }
}
