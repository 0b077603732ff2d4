//! Uploads: begun with or without a body, filled block by block, dropped when
//! nobody finishes them.

use std::ops::ControlFlow;

use axum::{
    Json,
    body::Body,
    extract::{RawQuery, State as AxumState},
};
use serde_json::{Value, json};

use super::{
    Studio,
    access::InWorkspace,
    content,
    model::{Content, Segment, Timestamp, Upload},
    query::Query,
    refusal::Refusal,
    tables::{self, BLOCKS, EXPIRIES, UPLOADS, key, ordered},
};
use crate::state::{Key, KeyRange, Order, Read, WriteTxn};

/// The least that one block may carry whatever the configured limit is.
const BLOCK_LIMIT: u64 = 4 << 20;

/// Begins an upload; the body, if any, is its first part.
pub(super) async fn begin(
    AxumState(studio): AxumState<Studio>,
    InWorkspace(workspace): InWorkspace,
    RawQuery(query): RawQuery,
    body: Body,
) -> Result<Json<Value>, Refusal> {
    let data_type = data_type(&Query::new(query.as_deref()))?;
    let state = &studio.context.state;
    let limit = studio.context.config.studio.upload_limit;
    let file = content::receive(&state.files, body, limit).await?;
    let now = studio.now();
    let id = state.ids.hex();
    let answer = json!({"Id": id, "DataTypeId": data_type});
    let upload = Upload {
        id,
        data_type,
        expires: studio.after(studio.context.config.studio.upload_lifetime),
        body: Content::default(),
        block_count: None,
    };
    state
        .store
        .write(move |txn| {
            drop_expired(txn, now)?;
            let body = content::adopt(txn, file)?;
            let expiry = expiry_key(&workspace, &upload);
            txn.put(EXPIRIES, expiry, [])?;
            let key = Key::of([&workspace, &upload.id]);
            txn.put_json(UPLOADS, key, &Upload { body, ..upload })?;
            Ok::<_, Refusal>(())
        })
        .await?;
    Ok(Json(answer))
}

/// Takes one block; sent again, it replaces the one before.
pub(super) async fn put_block(
    AxumState(studio): AxumState<Studio>,
    InWorkspace(workspace): InWorkspace,
    RawQuery(query): RawQuery,
    body: Body,
) -> Result<Json<Value>, Refusal> {
    let query = Query::new(query.as_deref());
    data_type(&query)?;
    let count = number(&query, "numberOfBlocks")?;
    let block = number(&query, "blockId")?;
    if block >= count {
        return Err(Refusal::bad_request(
            "The blockId is not below numberOfBlocks.",
        ));
    }
    let id = query
        .get("uploadId")
        .filter(|id| !id.is_empty())
        .ok_or_else(|| Refusal::bad_request("The parameter uploadId is missing."))?
        .to_owned();
    let state = &studio.context.state;
    let now = studio.now();
    // Before the body is stored, so that a wrong request costs nothing.
    state
        .store
        .read(|txn| agree(txn, &workspace, &id, count, now).map(drop))?;
    let limit = studio.context.config.studio.upload_limit.max(BLOCK_LIMIT);
    let file = content::receive(&state.files, body, limit).await?;
    let answer = json!({"Id": id, "BlockId": block, "NumberOfBlocks": count});
    state
        .store
        .write(move |txn| {
            let mut upload = agree(txn, &workspace, &id, count, now)?;
            if upload.block_count.is_none() {
                upload.block_count = Some(count);
                txn.put_json(UPLOADS, Key::of([&workspace, &id]), &upload)?;
            }
            let key = block_key(&workspace, &id, block);
            if let Some(before) = txn.get_json::<Content>(BLOCKS, &key)? {
                content::release(txn, &before)?;
            }
            let received = content::adopt(txn, file)?;
            txn.put_json(BLOCKS, key, &received)?;
            Ok::<_, Refusal>(())
        })
        .await?;
    Ok(Json(answer))
}

/// The bytes of a complete upload: its body, then its blocks in order.
pub(super) fn assemble(
    txn: &impl Read,
    workspace: &str,
    id: &str,
    now: Timestamp,
) -> Result<Content, Refusal> {
    let upload = find(txn, workspace, id, now)?;
    let mut segments: Vec<Segment> = upload.body.0;
    let range = KeyRange::prefix(Key::of([workspace, id]));
    let blocks: Vec<Content> = txn.scan_json(BLOCKS, &range)?;
    let expected = upload.block_count.unwrap_or(0);
    if u32::try_from(blocks.len()) != Ok(expected) {
        return Err(Refusal::bad_request(format!(
            "The upload is not complete: {} of {expected} blocks were received.",
            blocks.len()
        )));
    }
    segments.extend(blocks.into_iter().flat_map(|block| block.0));
    Ok(Content(segments))
}

/// Removes the uploads whose time is over.
pub(super) fn drop_expired(txn: &mut WriteTxn<'_>, now: Timestamp) -> Result<(), Refusal> {
    let mut expired = Vec::new();
    txn.visit(EXPIRIES, &KeyRange::all(), Order::Ascending, |key, _| {
        let parts = Key::parts(key);
        let due = parts
            .first()
            .is_none_or(|time| time.as_slice() <= ordered(stamp(now)).as_slice());
        if !due {
            return Ok(ControlFlow::Break(()));
        }
        expired.push((key.to_vec(), parts));
        Ok::<_, Refusal>(ControlFlow::Continue(()))
    })?;
    for (key, parts) in expired {
        txn.remove(EXPIRIES, key)?;
        let upload = Key::of(parts.iter().skip(1));
        if let Some(Upload { body, .. }) = txn.get_json(UPLOADS, &upload)? {
            content::release(txn, &body)?;
            txn.remove(UPLOADS, &upload)?;
        }
        for (block, _) in txn.scan(BLOCKS, &KeyRange::prefix(&upload), usize::MAX)? {
            if let Some(received) = txn.get_json::<Content>(BLOCKS, &block)? {
                content::release(txn, &received)?;
            }
            txn.remove(BLOCKS, block)?;
        }
    }
    Ok(())
}

fn find(txn: &impl Read, workspace: &str, id: &str, now: Timestamp) -> Result<Upload, Refusal> {
    tables::upload(txn, workspace, id)?
        .filter(|upload| upload.expires > now)
        .ok_or_else(|| Refusal::not_found("There is no upload with this id, or it has expired."))
}

/// The upload, if it has as many blocks as this request says.
fn agree(
    txn: &impl Read,
    workspace: &str,
    id: &str,
    count: u32,
    now: Timestamp,
) -> Result<Upload, Refusal> {
    let upload = find(txn, workspace, id, now)?;
    match upload.block_count {
        Some(before) if before != count => Err(Refusal::bad_request(format!(
            "The upload was announced with {before} blocks, not {count}."
        ))),
        _ => Ok(upload),
    }
}

fn data_type(query: &Query) -> Result<String, Refusal> {
    query
        .get("dataTypeId")
        .filter(|data_type| !data_type.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| Refusal::bad_request("The parameter dataTypeId is missing."))
}

fn number(query: &Query, name: &str) -> Result<u32, Refusal> {
    query
        .get(name)
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Refusal::bad_request(format!("The parameter {name} is no number.")))
}

fn stamp(time: Timestamp) -> u64 {
    u64::try_from(time.0).unwrap_or(0)
}

fn expiry_key(workspace: &str, upload: &Upload) -> Key {
    key(&[
        &ordered(stamp(upload.expires)),
        workspace.as_bytes(),
        upload.id.as_bytes(),
    ])
}

fn block_key(workspace: &str, upload: &str, block: u32) -> Key {
    key(&[
        workspace.as_bytes(),
        upload.as_bytes(),
        &ordered(block.into()),
    ])
}
