//! Share operations.

use axum::body::Body;
use axum::http::StatusCode;

use super::FileService;
use crate::storage::answer::Answer;
use crate::storage::conditions::{Conditions, etag_text};
use crate::storage::error::{Result, StorageError};
use crate::storage::names;
use crate::storage::request::Call;
use crate::storage::shares::{LARGEST_QUOTA, Share, ShareChange, USUAL_QUOTA};
use crate::storage::xml::Xml;
use crate::storage::{listing, metadata, policies, receive};

const QUOTA: &str = "x-ms-share-quota";

fn quota(call: &Call) -> Result<Option<u32>> {
    match call.header(QUOTA) {
        "" => Ok(None),
        text => match text.parse::<u32>() {
            Ok(quota) if (1..=LARGEST_QUOTA).contains(&quota) => Ok(Some(quota)),
            _ => Err(StorageError::header(QUOTA)),
        },
    }
}

fn describe(answer: Answer, share: &Share) -> Answer {
    answer
        .version(share.etag, share.modified)
        .header(QUOTA, &share.quota.to_string())
        .header("x-ms-access-tier", "TransactionOptimized")
        .header("x-ms-enabled-protocols", "SMB")
        .header("x-ms-lease-status", "unlocked")
        .header("x-ms-lease-state", "available")
}

impl FileService {
    pub(super) fn list_shares(&self, call: &Call) -> Result<Answer> {
        if call.query.lists("include", "snapshots") || call.query.lists("include", "deleted") {
            return Err(StorageError::not_implemented("include=snapshots,deleted"));
        }
        let from = listing::parse_marker(call.query.get("marker"))?;
        let limit = listing::parse_limit(call)?;
        let prefix = call.query.get("prefix");
        let page = self
            .shares
            .list_shares(&call.target.account, prefix, &from, limit)?;
        let mut xml = Xml::new();
        let endpoint = format!("{}/", call.base());
        xml.open_with("EnumerationResults", &[("ServiceEndpoint", &endpoint)]);
        listing::echo(&mut xml, call);
        xml.open("Shares");
        for (name, share) in &page.shares {
            xml.open("Share");
            xml.element("Name", name);
            xml.open("Properties");
            xml.element("Last-Modified", &share.modified.http_date());
            xml.element("Etag", &format!("\"{}\"", etag_text(share.etag)));
            xml.element("Quota", &share.quota.to_string());
            xml.element("AccessTier", "TransactionOptimized");
            xml.element("LeaseStatus", "unlocked");
            xml.element("LeaseState", "available");
            xml.close("Properties");
            if call.query.lists("include", "metadata") {
                listing::write_metadata(&mut xml, &share.metadata);
            }
            xml.close("Share");
        }
        xml.close("Shares");
        listing::write_marker(&mut xml, page.next.as_deref());
        xml.close("EnumerationResults");
        Ok(Answer::xml(xml))
    }

    pub(super) async fn create_share(&self, call: &Call) -> Result<Answer> {
        let target = &call.target;
        names::check_container(&target.container)?;
        let quota = quota(call)?.unwrap_or(USUAL_QUOTA);
        let metadata = metadata::parse(call)?;
        let share = self
            .shares
            .create_share(&target.account, &target.container, metadata, quota)
            .await?;
        Ok(Answer::new(StatusCode::CREATED).version(share.etag, share.modified))
    }

    pub(super) fn get_share(&self, call: &Call) -> Result<Answer> {
        let share = self
            .shares
            .share(&call.target.account, &call.target.container)?;
        Ok(describe(Answer::new(StatusCode::OK), &share).metadata(&share.metadata))
    }

    pub(super) async fn set_share_properties(&self, call: &Call) -> Result<Answer> {
        let Some(quota) = quota(call)? else {
            return Err(StorageError::not_implemented(
                "A share property other than the quota",
            ));
        };
        self.change_share(call, ShareChange::Quota(quota)).await
    }

    pub(super) async fn set_share_metadata(&self, call: &Call) -> Result<Answer> {
        let metadata = metadata::parse(call)?;
        self.change_share(call, ShareChange::Metadata(metadata))
            .await
    }

    pub(super) fn get_share_acl(&self, call: &Call) -> Result<Answer> {
        let share = self
            .shares
            .share(&call.target.account, &call.target.container)?;
        let answer = Answer::xml(policies::write(&share.policies));
        Ok(answer.version(share.etag, share.modified))
    }

    pub(super) async fn set_share_acl(&self, call: &Call, body: Body) -> Result<Answer> {
        let policies = policies::parse(&receive::document(body).await?)?;
        self.change_share(call, ShareChange::Policies(policies))
            .await
    }

    async fn change_share(&self, call: &Call, change: ShareChange) -> Result<Answer> {
        let target = &call.target;
        let conditions = Conditions::parse(call)?;
        let share = self
            .shares
            .change_share(&target.account, &target.container, conditions, change)
            .await?;
        Ok(Answer::new(StatusCode::OK).version(share.etag, share.modified))
    }

    pub(super) fn get_share_stats(&self, call: &Call) -> Result<Answer> {
        let target = &call.target;
        let bytes = self.shares.used_bytes(&target.account, &target.container)?;
        let mut xml = Xml::new();
        xml.open("ShareStats");
        xml.element("ShareUsageBytes", &bytes.to_string());
        xml.close("ShareStats");
        Ok(Answer::xml(xml))
    }

    pub(super) async fn delete_share(&self, call: &Call) -> Result<Answer> {
        let target = &call.target;
        self.shares
            .delete_share(&target.account, &target.container)
            .await?;
        Ok(Answer::new(StatusCode::ACCEPTED))
    }
}

/// "Get File Service Properties": nothing is measured.
pub(super) fn service_properties() -> Answer {
    let mut xml = Xml::new();
    xml.open("StorageServiceProperties");
    for name in ["HourMetrics", "MinuteMetrics"] {
        xml.open(name);
        xml.element("Version", "1.0");
        xml.element("Enabled", "false");
        xml.open("RetentionPolicy");
        xml.element("Enabled", "false");
        xml.close("RetentionPolicy");
        xml.close(name);
    }
    xml.element("Cors", "");
    xml.close("StorageServiceProperties");
    Answer::xml(xml)
}
