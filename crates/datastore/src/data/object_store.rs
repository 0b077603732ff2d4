//! A datastore as an `object_store::ObjectStore`, for DataFusion, Parquet and Delta readers.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use azml_core::ErrorKind;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::future::FutureExt;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    CopyMode, CopyOptions, GetOptions, GetRange, GetResult, GetResultPayload, ListResult,
    MultipartUpload, ObjectMeta, ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, RenameOptions, RenameTargetMode, UploadPart,
};

use super::Datastore;
use super::store::{Entry, Fetched, Item, Parts, Store, WriteMode, Written};
use crate::error::{Error, Result};

type ObjectResult<T> = object_store::Result<T>;

/// How errors name where they come from.
const STORE: &str = "azml datastore";

impl Datastore {
    /// The datastore's files as an `object_store::ObjectStore`. Paths are whole names below
    /// the root of the datastore.
    ///
    /// Conditional writes are the service's own, so `PutMode::Create` and
    /// `PutMode::Update` are safe among any number of writers (a file share has no
    /// `Update`). Files written in parts show when they are complete.
    ///
    /// DataFusion finds it under an address of its own:
    ///
    /// ```no_run
    /// # async fn example(datastore: azml_datastore::Datastore) -> azml_datastore::Result<()> {
    /// use std::sync::Arc;
    /// use object_store::{ObjectStore, ObjectStoreExt, path::Path};
    ///
    /// let objects: Arc<dyn ObjectStore> = Arc::new(datastore.objects()?);
    /// // In DataFusion: context.register_object_store(&Url::parse("azml://photos")?, objects),
    /// // then SQL reads 'azml://photos/train/part-0.parquet'.
    /// let bytes = objects.get(&Path::from("train/part-0.parquet")).await;
    /// # let _ = bytes;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Unsupported`] for kinds without files; a credential that cannot be used.
    pub fn objects(&self) -> Result<DatastoreObjects> {
        Ok(DatastoreObjects {
            store: self.store()?,
            name: self.name().to_owned(),
        })
    }
}

/// The files of a datastore as objects; see [`Datastore::objects`].
#[derive(Clone, Debug)]
pub struct DatastoreObjects {
    store: Arc<dyn Store>,
    name: String,
}

impl fmt::Display for DatastoreObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "azml://{}", self.name)
    }
}

/// The error as object stores sort them.
fn convert(path: &Path, error: Error) -> object_store::Error {
    let path = path.to_string();
    let (status, kind) = match &error {
        Error::Service(inner) => (inner.status(), Some(inner.kind())),
        Error::Unsupported { .. } => (None, Some(ErrorKind::Unsupported)),
        _ => (None, None),
    };
    let source = Box::new(error);
    match (status, kind) {
        (Some(304), _) => object_store::Error::NotModified { path, source },
        (_, Some(ErrorKind::NotFound)) => object_store::Error::NotFound { path, source },
        (_, Some(ErrorKind::PreconditionFailed)) => {
            object_store::Error::Precondition { path, source }
        }
        (_, Some(ErrorKind::Forbidden)) => object_store::Error::PermissionDenied { path, source },
        (_, Some(ErrorKind::Unauthorized)) => object_store::Error::Unauthenticated { path, source },
        (_, Some(ErrorKind::Unsupported)) => object_store::Error::NotSupported { source },
        _ => object_store::Error::Generic {
            store: STORE,
            source,
        },
    }
}

fn exists(path: &Path) -> object_store::Error {
    object_store::Error::AlreadyExists {
        path: path.to_string(),
        source: "the datastore has a file of this name".into(),
    }
}

fn missing(path: &Path) -> object_store::Error {
    object_store::Error::NotFound {
        path: path.to_string(),
        source: "the datastore has no file of this name".into(),
    }
}

fn invalid(text: impl Into<String>) -> object_store::Error {
    object_store::Error::Generic {
        store: STORE,
        source: text.into().into(),
    }
}

fn meta(item: Item) -> ObjectResult<ObjectMeta> {
    let modified = DateTime::parse_from_rfc2822(&item.last_modified)
        .map_err(|error| invalid(format!("the time of '{}': {error}", item.name)))?;
    Ok(ObjectMeta {
        location: Path::parse(&item.name)?,
        last_modified: modified.with_timezone(&Utc),
        size: item.length,
        e_tag: (!item.etag.is_empty()).then_some(item.etag),
        version: None,
    })
}

/// Empty blobs that stand for folders are no objects.
fn is_marker(item: &Item) -> bool {
    item.length == 0 && item.name.ends_with('/')
}

/// The text that the names below a path begin with.
fn below(prefix: Option<&Path>) -> String {
    match prefix.map(Path::as_ref) {
        None | Some("") => String::new(),
        Some(prefix) => format!("{prefix}/"),
    }
}

fn done(path: &Path, written: Written) -> ObjectResult<PutResult> {
    match written {
        Written::Done(e_tag) => Ok(PutResult {
            e_tag,
            version: None,
        }),
        Written::Existed => Err(exists(path)),
    }
}

/// What this store cannot keep beside the bytes.
fn refuse_attributes(attributes: &object_store::Attributes, operation: &str) -> ObjectResult<()> {
    if attributes.is_empty() {
        return Ok(());
    }
    Err(object_store::Error::NotImplemented {
        operation: format!("{operation} with attributes"),
        implementer: STORE.to_owned(),
    })
}

impl DatastoreObjects {
    async fn head(&self, path: &Path) -> ObjectResult<ObjectMeta> {
        let found = self.store.head(path.as_ref()).await;
        let found = found.map_err(|error| convert(path, error))?;
        meta(found.ok_or_else(|| missing(path))?)
    }

    async fn fetch(
        &self,
        path: &Path,
        range: Option<Range<u64>>,
        etag: Option<&str>,
    ) -> ObjectResult<GetResult> {
        let fetched = self.store.get(path.as_ref(), range.clone(), etag).await;
        let Fetched { item, length, body } = fetched.map_err(|error| convert(path, error))?;
        let start = range.map_or(0, |range| range.start);
        let shown = path.clone();
        let body = body
            .map_err(move |error| convert(&shown, azml_core::Error::from(error).into()))
            .boxed();
        Ok(GetResult {
            payload: GetResultPayload::Stream(body),
            meta: meta(item)?,
            range: start..start + length,
            attributes: object_store::Attributes::default(),
        })
    }
}

#[async_trait]
impl ObjectStore for DatastoreObjects {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> ObjectResult<PutResult> {
        refuse_attributes(&opts.attributes, "put")?;
        let mode =
            match opts.mode {
                PutMode::Overwrite => WriteMode::Replace,
                PutMode::Create => WriteMode::Keep,
                PutMode::Update(version) => WriteMode::Match(version.e_tag.ok_or_else(|| {
                    invalid("an update needs the entity tag of what it replaces")
                })?),
            };
        let content = Bytes::from(payload);
        let written = self
            .store
            .put(location.as_ref(), content, &mode.into())
            .await;
        done(location, written.map_err(|error| convert(location, error))?)
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> ObjectResult<Box<dyn MultipartUpload>> {
        refuse_attributes(&opts.attributes, "put_multipart")?;
        let parts = self.store.begin(location.as_ref()).await;
        Ok(Box::new(Multipart {
            parts: parts.map_err(|error| convert(location, error))?,
            location: location.clone(),
            count: 0,
            length: 0,
        }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> ObjectResult<GetResult> {
        if options.version.is_some() {
            return Err(object_store::Error::NotImplemented {
                operation: "get of a version".to_owned(),
                implementer: STORE.to_owned(),
            });
        }
        let conditional = options.if_match.is_some()
            || options.if_none_match.is_some()
            || options.if_modified_since.is_some()
            || options.if_unmodified_since.is_some();
        if !conditional && !options.head && options.range.is_none() {
            return self.fetch(location, None, None).await;
        }
        // Conditions and ends of ranges are found out first; the version is then pinned.
        let meta = self.head(location).await?;
        options.check_preconditions(&meta)?;
        let range = match options.range {
            None => None,
            Some(range) => Some(resolve(&range, meta.size)?),
        };
        if options.head {
            return Ok(GetResult {
                payload: GetResultPayload::Stream(stream::empty().boxed()),
                range: range.unwrap_or(0..meta.size),
                meta,
                attributes: object_store::Attributes::default(),
            });
        }
        self.fetch(location, range, meta.e_tag.as_deref()).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, ObjectResult<Path>>,
    ) -> BoxStream<'static, ObjectResult<Path>> {
        let store = Arc::clone(&self.store);
        locations
            .map(move |location| {
                let store = Arc::clone(&store);
                async move {
                    let location = location?;
                    match store.delete(location.as_ref()).await {
                        Ok(true) => Ok(location),
                        Ok(false) => Err(missing(&location)),
                        Err(error) => Err(convert(&location, error)),
                    }
                }
            })
            .buffered(10)
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, ObjectResult<ObjectMeta>> {
        let shown = prefix.cloned().unwrap_or_default();
        self.store
            .list(&below(prefix))
            .map(move |page| {
                let items = page.map_err(|error| convert(&shown, error))?;
                let items = items.into_iter().filter(|item| !is_marker(item));
                Ok::<_, object_store::Error>(stream::iter(items.map(meta)))
            })
            .try_flatten()
            .boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> ObjectResult<ListResult> {
        let shown = prefix.cloned().unwrap_or_default();
        let mut pages = self.store.entries(shown.as_ref());
        let mut result = ListResult {
            common_prefixes: Vec::new(),
            objects: Vec::new(),
        };
        while let Some(page) = pages.next().await {
            for entry in page.map_err(|error| convert(&shown, error))? {
                match entry {
                    Entry::Folder(name) => result.common_prefixes.push(Path::parse(name)?),
                    Entry::File(item) if is_marker(&item) => {}
                    Entry::File(item) => result.objects.push(meta(item)?),
                }
            }
        }
        Ok(result)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> ObjectResult<()> {
        let mode = match options.mode {
            CopyMode::Overwrite => WriteMode::Replace,
            CopyMode::Create => WriteMode::Keep,
        };
        let written = self.store.copy(from.as_ref(), to.as_ref(), &mode).await;
        done(to, written.map_err(|error| convert(from, error))?).map(drop)
    }

    async fn rename_opts(
        &self,
        from: &Path,
        to: &Path,
        options: RenameOptions,
    ) -> ObjectResult<()> {
        let mode = match options.target_mode {
            RenameTargetMode::Overwrite => WriteMode::Replace,
            RenameTargetMode::Create => WriteMode::Keep,
        };
        let written = self.store.rename(from.as_ref(), to.as_ref(), &mode).await;
        done(to, written.map_err(|error| convert(from, error))?).map(drop)
    }
}

/// The bytes that a range stands for in a file of this length.
fn resolve(range: &GetRange, length: u64) -> ObjectResult<Range<u64>> {
    range
        .as_range(length)
        .map_err(|error| invalid(format!("the range cannot be read: {error}")))
}

/// A file that is written in parts.
#[derive(Debug)]
struct Multipart {
    parts: Arc<dyn Parts>,
    location: Path,
    count: usize,
    length: u64,
}

#[async_trait]
impl MultipartUpload for Multipart {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let content = Bytes::from(data);
        let (index, offset) = (self.count, self.length);
        self.count += 1;
        self.length += u64::try_from(content.len()).unwrap_or(u64::MAX);
        let (parts, location) = (Arc::clone(&self.parts), self.location.clone());
        async move {
            let sent = parts.write(index, offset, content).await;
            sent.map_err(|error| convert(&location, error))
        }
        .boxed()
    }

    async fn complete(&mut self) -> ObjectResult<PutResult> {
        let mode = WriteMode::Replace;
        let written = self.parts.finish(self.count, self.length, &mode).await;
        let written = written.map_err(|error| convert(&self.location, error))?;
        done(&self.location, written)
    }

    async fn abort(&mut self) -> ObjectResult<()> {
        let given_up = self.parts.abort().await;
        given_up.map_err(|error| convert(&self.location, error))
    }
}
