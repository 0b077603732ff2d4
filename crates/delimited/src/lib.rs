//! Byte scanner for delimited text: records, quotes, parallel chunks.
//!
//! It finds where records and fields lie in a piece of text and nothing more: no types, no I/O, no
//! character encodings other than ASCII supersets such as UTF-8. Text of any size is cut into
//! chunks that end with a record ([`Splitter`]); each chunk is scanned by itself ([`Scanner`]),
//! so that several threads can share the work.
//!
//! ```
//! use azml_delimited::{Dialect, Records, Scanner};
//!
//! let text = b"1,\"Smith, John\"\n2,\"said \"\"no\"\"\"\n3\n";
//! let dialect = Dialect::new(b',');
//! let mut records = Records::new(2);
//! Scanner::new(text, &dialect).read(&mut records, usize::MAX)?;
//!
//! let names: Vec<_> = records
//!     .column(1)
//!     .map(|field| {
//!         let mut name = Vec::new();
//!         field.unescape_into(text, &dialect, &mut name);
//!         String::from_utf8(name).unwrap()
//!     })
//!     .collect();
//! assert_eq!(names, ["Smith, John", "said \"no\"", ""]);
//! # Ok::<(), azml_delimited::ScanError>(())
//! ```

mod bits;
mod dialect;
mod field;
mod location;
mod scan;
mod split;

pub use dialect::Dialect;
pub use field::{Field, FieldKind, Records};
pub use location::{LineCounter, Location};
pub use scan::{MAX_SCAN_LEN, ScanError, ScanErrorKind, Scanner};
pub use split::Splitter;
