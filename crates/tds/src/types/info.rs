//! `TYPE_INFO`: what a column or parameter can hold.

use crate::{Collation, Error, Reader, Result};

const MAX_LENGTH: u16 = 0xFFFF;

/// The longest value of a string or binary type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MaxLength {
    /// So many bytes, at most 8000.
    Bytes(u16),
    /// `max`: up to 2 GiB, sent in chunks.
    Max,
}

impl MaxLength {
    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(match reader.u16()? {
            MAX_LENGTH => Self::Max,
            bytes => Self::Bytes(bytes),
        })
    }

    fn to_bytes(self) -> [u8; 2] {
        match self {
            Self::Bytes(bytes) => bytes.to_le_bytes(),
            Self::Max => MAX_LENGTH.to_le_bytes(),
        }
    }
}

/// Precision and scale of `decimal` and `numeric`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DecimalType {
    /// Digits in all, 1 to 38.
    pub precision: u8,
    /// Digits behind the point, at most the precision.
    pub scale: u8,
}

impl DecimalType {
    /// How many bytes a value takes, its sign included.
    pub(super) fn width(self) -> u8 {
        match self.precision {
            0..=9 => 5,
            10..=19 => 9,
            20..=28 => 13,
            _ => 17,
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let [_width, precision, scale] = reader.array()?;
        if !(1..=38).contains(&precision) || scale > precision {
            return Err(Error::Invalid("decimal precision or scale"));
        }
        Ok(Self { precision, scale })
    }
}

/// The old long types, as they appear in parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LongType {
    /// `text`.
    Text(Collation),
    /// `ntext`.
    NText(Collation),
    /// `image`.
    Image,
}

/// A type as `TYPE_INFO` describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TypeInfo {
    /// A parameter that is always NULL.
    Null,
    /// `bit`; `fixed` for the form that is never NULL (input only).
    Bit {
        /// Without a length byte in front of the value.
        fixed: bool,
    },
    /// `tinyint`, `smallint`, `int` or `bigint`, by its width in bytes.
    Int {
        /// 1, 2, 4 or 8.
        width: u8,
        /// Without a length byte in front of the value (input only).
        fixed: bool,
    },
    /// `real` or `float`.
    Float {
        /// 4 or 8.
        width: u8,
        /// Without a length byte in front of the value (input only).
        fixed: bool,
    },
    /// `smallmoney` or `money`.
    Money {
        /// 4 or 8.
        width: u8,
        /// Without a length byte in front of the value (input only).
        fixed: bool,
    },
    /// `smalldatetime` or `datetime`.
    DateTime {
        /// 4 or 8.
        width: u8,
        /// Without a length byte in front of the value (input only).
        fixed: bool,
    },
    /// `decimal` or `numeric`.
    Decimal(DecimalType),
    /// `uniqueidentifier`.
    Guid,
    /// `date`.
    Date,
    /// `time` with its digits of a second, 0 to 7.
    Time(u8),
    /// `datetime2` with its digits of a second, 0 to 7.
    DateTime2(u8),
    /// `datetimeoffset` with its digits of a second, 0 to 7.
    DateTimeOffset(u8),
    /// `char` or `varchar`.
    VarChar(MaxLength, Collation),
    /// `nchar` or `nvarchar`; the length counts bytes.
    NVarChar(MaxLength, Collation),
    /// `binary` or `varbinary`.
    VarBinary(MaxLength),
    /// `text`, `ntext` or `image` (input only).
    Long(LongType),
    /// `xml`.
    Xml,
}

impl TypeInfo {
    /// `nvarchar(max)` in the default collation.
    pub const NVARCHAR_MAX: Self = Self::NVarChar(MaxLength::Max, Collation::LATIN1);

    /// `nvarchar(characters)` in the default collation; more than 4000 is `nvarchar(max)`.
    #[must_use]
    pub fn nvarchar(characters: u16) -> Self {
        let max = if characters > 4000 {
            MaxLength::Max
        } else {
            MaxLength::Bytes(characters * 2)
        };
        Self::NVarChar(max, Collation::LATIN1)
    }

    /// A nullable integer type of this width in bytes: 1, 2, 4 or 8.
    #[must_use]
    pub fn int(width: u8) -> Self {
        Self::Int {
            width,
            fixed: false,
        }
    }

    /// A nullable float type of this width in bytes: 4 or 8.
    #[must_use]
    pub fn float(width: u8) -> Self {
        Self::Float {
            width,
            fixed: false,
        }
    }

    /// Reads a type.
    ///
    /// # Errors
    /// [`Error::UnsupportedType`] for types that neither columns nor parameters here may have; [`Error::Invalid`] for
    /// widths, precisions and scales outside the protocol's.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let id = reader.u8()?;
        let fixed = true;
        Ok(match id {
            0x1F => Self::Null,
            0x30 => Self::Int { width: 1, fixed },
            0x34 => Self::Int { width: 2, fixed },
            0x38 => Self::Int { width: 4, fixed },
            0x7F => Self::Int { width: 8, fixed },
            0x32 => Self::Bit { fixed },
            0x3B => Self::Float { width: 4, fixed },
            0x3E => Self::Float { width: 8, fixed },
            0x7A => Self::Money { width: 4, fixed },
            0x3C => Self::Money { width: 8, fixed },
            0x3A => Self::DateTime { width: 4, fixed },
            0x3D => Self::DateTime { width: 8, fixed },
            0x26 => Self::Int {
                width: width(reader, &[1, 2, 4, 8])?,
                fixed: false,
            },
            0x68 => {
                width(reader, &[1])?;
                Self::Bit { fixed: false }
            }
            0x6D => Self::Float {
                width: width(reader, &[4, 8])?,
                fixed: false,
            },
            0x6E => Self::Money {
                width: width(reader, &[4, 8])?,
                fixed: false,
            },
            0x6F => Self::DateTime {
                width: width(reader, &[4, 8])?,
                fixed: false,
            },
            0x6A | 0x6C => Self::Decimal(DecimalType::read(reader)?),
            0x24 => {
                width(reader, &[16])?;
                Self::Guid
            }
            0x28 => Self::Date,
            0x29 => Self::Time(scale(reader)?),
            0x2A => Self::DateTime2(scale(reader)?),
            0x2B => Self::DateTimeOffset(scale(reader)?),
            0xA7 | 0xAF => Self::VarChar(MaxLength::read(reader)?, Collation::read(reader)?),
            0xE7 | 0xEF => Self::NVarChar(MaxLength::read(reader)?, Collation::read(reader)?),
            0xA5 | 0xAD => Self::VarBinary(MaxLength::read(reader)?),
            0x23 => Self::Long(LongType::Text(long_collation(reader)?)),
            0x63 => Self::Long(LongType::NText(long_collation(reader)?)),
            0x22 => {
                reader.u32()?;
                Self::Long(LongType::Image)
            }
            0xF1 => {
                if reader.u8()? != 0 {
                    return Err(Error::Invalid("xml schema"));
                }
                Self::Xml
            }
            _ => return Err(Error::UnsupportedType(id)),
        })
    }

    /// Writes the type in its nullable form.
    pub fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.push(0x1F),
            Self::Bit { .. } => out.extend_from_slice(&[0x68, 1]),
            Self::Int { width, .. } => out.extend_from_slice(&[0x26, width]),
            Self::Float { width, .. } => out.extend_from_slice(&[0x6D, width]),
            Self::Money { width, .. } => out.extend_from_slice(&[0x6E, width]),
            Self::DateTime { width, .. } => out.extend_from_slice(&[0x6F, width]),
            Self::Decimal(decimal) => {
                out.extend_from_slice(&[0x6C, decimal.width(), decimal.precision, decimal.scale]);
            }
            Self::Guid => out.extend_from_slice(&[0x24, 16]),
            Self::Date => out.push(0x28),
            Self::Time(scale) => out.extend_from_slice(&[0x29, scale]),
            Self::DateTime2(scale) => out.extend_from_slice(&[0x2A, scale]),
            Self::DateTimeOffset(scale) => out.extend_from_slice(&[0x2B, scale]),
            Self::VarChar(max, collation) => write_text(0xA7, max, collation, out),
            Self::NVarChar(max, collation) => write_text(0xE7, max, collation, out),
            Self::Long(LongType::Text(collation)) => {
                write_text(0xA7, MaxLength::Max, collation, out)
            }
            Self::Long(LongType::NText(collation)) => {
                write_text(0xE7, MaxLength::Max, collation, out)
            }
            Self::VarBinary(max) => write_binary(max, out),
            Self::Long(LongType::Image) => write_binary(MaxLength::Max, out),
            Self::Xml => out.extend_from_slice(&[0xF1, 0]),
        }
    }
}

fn write_text(id: u8, max: MaxLength, collation: Collation, out: &mut Vec<u8>) {
    out.push(id);
    out.extend_from_slice(&max.to_bytes());
    out.extend_from_slice(&collation.to_bytes());
}

fn write_binary(max: MaxLength, out: &mut Vec<u8>) {
    out.push(0xA5);
    out.extend_from_slice(&max.to_bytes());
}

fn width(reader: &mut Reader<'_>, allowed: &[u8]) -> Result<u8> {
    let width = reader.u8()?;
    if allowed.contains(&width) {
        Ok(width)
    } else {
        Err(Error::Invalid("width of a type"))
    }
}

fn scale(reader: &mut Reader<'_>) -> Result<u8> {
    let scale = reader.u8()?;
    if scale <= 7 {
        Ok(scale)
    } else {
        Err(Error::Invalid("scale of a time"))
    }
}

fn long_collation(reader: &mut Reader<'_>) -> Result<Collation> {
    reader.u32()?;
    Collation::read(reader)
}
