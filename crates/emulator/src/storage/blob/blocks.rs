//! Blocks and block lists.

use axum::body::Body;
use axum::http::StatusCode;
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::BlobService;
use super::objects::{address, new_blob, write_conditions};
use crate::storage::answer::Answer;
use crate::storage::authorize::Grant;
use crate::storage::error::{Code, Result, StorageError};
use crate::storage::names;
use crate::storage::receive::{self, Own};
use crate::storage::request::Call;
use crate::storage::tree::{BlockLists, ListedBlock, MOST_COMMITTED, Wanted};
use crate::storage::xml::{self, Xml};

/// Largest block.
const LARGEST_BLOCK: u64 = 4000 << 20;

/// Most bytes of a decoded block id.
const LONGEST_ID: usize = 64;

impl BlobService {
    pub(super) async fn put_block(&self, call: &Call, body: Body) -> Result<Answer> {
        names::check_blob(&call.target.path)?;
        let id = call.query.get("blockid");
        if id.is_empty() {
            return Err(Code::MissingRequiredQueryParameter.into());
        }
        let decoded = STANDARD
            .decode(id)
            .map_err(|_| StorageError::query("blockid"))?;
        if decoded.is_empty() || decoded.len() > LONGEST_ID {
            return Err(StorageError::query("blockid"));
        }
        let files = &self.tree.state.files;
        let upload = receive::receive(files, call, body, LARGEST_BLOCK, Own::Crc64).await?;
        if upload.body.length() == 0 {
            return Err(Code::InvalidHeaderValue.into());
        }
        let lease = call.optional_header("x-ms-lease-id").map(str::to_owned);
        self.tree
            .put_block(address(call), lease, id.to_owned(), upload.body)
            .await?;
        Ok(Answer::new(StatusCode::CREATED)
            .header("content-md5", upload.md5.as_deref().unwrap_or_default())
            .header(
                "x-ms-content-crc64",
                upload.crc64.as_deref().unwrap_or_default(),
            )
            .header("x-ms-request-server-encrypted", "true"))
    }

    pub(super) async fn put_block_list(
        &self,
        call: &Call,
        grant: &Grant,
        body: Body,
    ) -> Result<Answer> {
        names::check_blob(&call.target.path)?;
        let conditions = write_conditions(call, grant)?;
        let new = new_blob(call)?;
        let list = parse_list(&receive::document(body).await?)?;
        if list.len() > MOST_COMMITTED {
            return Err(Code::BlockListTooLong.into());
        }
        let blob = self
            .tree
            .put_block_list(address(call), conditions, new, list)
            .await?;
        Ok(Answer::new(StatusCode::CREATED)
            .version(blob.etag, blob.modified)
            .header("x-ms-request-server-encrypted", "true"))
    }

    pub(super) fn get_block_list(&self, call: &Call) -> Result<Answer> {
        let (committed, uncommitted) = match call.query.get("blocklisttype") {
            "" | "committed" => (true, false),
            "uncommitted" => (false, true),
            "all" => (true, true),
            _ => return Err(StorageError::query("blocklisttype")),
        };
        let lists = self.tree.block_lists(&address(call))?;
        let mut xml = Xml::new();
        xml.open("BlockList");
        if committed {
            write_list(&mut xml, "CommittedBlocks", &lists.committed);
        }
        if uncommitted {
            write_list(&mut xml, "UncommittedBlocks", &lists.uncommitted);
        }
        xml.close("BlockList");
        Ok(with_blob(Answer::xml(xml), &lists))
    }
}

fn with_blob(answer: Answer, lists: &BlockLists) -> Answer {
    match &lists.blob {
        Some(blob) => answer
            .version(blob.etag, blob.modified)
            .header("x-ms-blob-content-length", &blob.length.to_string()),
        None => answer.header("x-ms-blob-content-length", "0"),
    }
}

fn write_list(xml: &mut Xml, name: &str, blocks: &[ListedBlock]) {
    xml.open(name);
    for block in blocks {
        xml.open("Block");
        xml.element("Name", &block.id);
        xml.element("Size", &block.length.to_string());
        xml.close("Block");
    }
    xml.close(name);
}

/// Reads `<BlockList>` with `<Latest>`, `<Committed>` and `<Uncommitted>` in any order.
fn parse_list(document: &[u8]) -> Result<Vec<(Wanted, String)>> {
    let mut elements = xml::parse(document)?;
    let invalid = || StorageError::from(Code::InvalidXmlDocument);
    let root = elements.pop().ok_or_else(invalid)?;
    if root.path != "BlockList" || !root.text.is_empty() {
        return Err(invalid());
    }
    elements
        .into_iter()
        .map(|element| {
            let wanted = match element.path.as_str() {
                "BlockList/Latest" => Wanted::Latest,
                "BlockList/Committed" => Wanted::Committed,
                "BlockList/Uncommitted" => Wanted::Uncommitted,
                _ => return Err(invalid()),
            };
            Ok((wanted, element.text))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_lists_are_read_in_their_order() {
        let document = b"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?>\n<BlockList>\n\
            <Latest>QQ==</Latest><Committed>Qg==</Committed> <Uncommitted>Qw==</Uncommitted></BlockList>";
        let list = parse_list(document).unwrap();
        assert_eq!(
            list,
            [
                (Wanted::Latest, "QQ==".to_owned()),
                (Wanted::Committed, "Qg==".to_owned()),
                (Wanted::Uncommitted, "Qw==".to_owned()),
            ]
        );
        assert_eq!(parse_list(b"<BlockList/>").unwrap(), []);
        assert_eq!(parse_list(b"<BlockList></BlockList>").unwrap(), []);
    }

    #[test]
    fn what_is_no_block_list_is_refused() {
        for document in [
            "",
            "text",
            "<BlockList>",
            "<BlockList><Latest>QQ==</Latest>",
            "<BlockList>text</BlockList>",
            "<BlockList><Other>QQ==</Other></BlockList>",
            "<Blocks><Latest>QQ==</Latest></Blocks>",
        ] {
            let error = parse_list(document.as_bytes()).unwrap_err();
            assert_eq!(error.code(), Code::InvalidXmlDocument, "{document}");
        }
    }
}
