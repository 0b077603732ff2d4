//! Byte scanner for delimited text: records, quotes, parallel chunks
