//! `Parse` of every type and the class `Convert`. `TryParse` writes to a
//! variable and is the binder's work.

use super::Entry;
use crate::cs::{CsError, CsResult, Type, Value, ops, parse};

pub(super) const ENTRIES: &[Entry] = &[
    ("static sbyte sbyte.Parse(string)", |_, a| {
        integer(a, &Type::SByte)
    }),
    ("static byte byte.Parse(string)", |_, a| {
        integer(a, &Type::Byte)
    }),
    ("static short short.Parse(string)", |_, a| {
        integer(a, &Type::Short)
    }),
    ("static ushort ushort.Parse(string)", |_, a| {
        integer(a, &Type::UShort)
    }),
    ("static int int.Parse(string)", |_, a| {
        integer(a, &Type::Int)
    }),
    ("static uint uint.Parse(string)", |_, a| {
        integer(a, &Type::UInt)
    }),
    ("static long long.Parse(string)", |_, a| {
        integer(a, &Type::Long)
    }),
    ("static ulong ulong.Parse(string)", |_, a| {
        integer(a, &Type::ULong)
    }),
    ("static float float.Parse(string)", |_, a| {
        parse::float(text(a)?).map(Value::Float)
    }),
    ("static double double.Parse(string)", |_, a| {
        parse::double(text(a)?).map(Value::Double)
    }),
    ("static decimal decimal.Parse(string)", |_, a| {
        parse::dec(text(a)?).map(Value::Decimal)
    }),
    ("static bool bool.Parse(string)", |_, a| {
        parse::boolean(text(a)?).map(Value::Bool)
    }),
    ("static char char.Parse(string)", |_, a| {
        let mut units = text(a)?.encode_utf16();
        match (units.next(), units.next()) {
            (Some(unit), None) => Ok(Value::Char(unit)),
            _ => Err(CsError::format(
                "String must be exactly one character long.",
            )),
        }
    }),
    ("static Guid Guid.Parse(string)", |_, a| {
        let text = a[0]
            .opt_str()
            .ok_or_else(|| CsError::null_argument("input"))?;
        parse::guid(text).map(Value::Guid)
    }),
    ("new Guid(string)", |_, a| {
        let text = a[0].opt_str().ok_or_else(|| CsError::null_argument("g"))?;
        parse::guid(text).map(Value::Guid)
    }),
    ("new Guid(byte[])", |_, a| match &a[0] {
        Value::Bytes(bytes) => {
            let mut bytes: [u8; 16] = (&**bytes).try_into().map_err(|_| {
                CsError::argument("Byte array for GUID must be exactly 16 bytes long.")
            })?;
            // .NET stores the first three groups with their low byte first.
            bytes[..4].reverse();
            bytes[4..6].reverse();
            bytes[6..8].reverse();
            Ok(Value::Guid(bytes))
        }
        _ => Err(CsError::null_argument("b")),
    }),
    ("static Guid Guid.Empty", |_, _| Ok(Value::Guid([0; 16]))),
    ("static Guid Guid.NewGuid()", |_, _| {
        Ok(Value::Guid(*uuid::Uuid::new_v4().as_bytes()))
    }),
    ("byte[] Guid.ToByteArray()", |_, a| match a[0] {
        Value::Guid(mut bytes) => {
            bytes[..4].reverse();
            bytes[4..6].reverse();
            bytes[6..8].reverse();
            Ok(Value::Bytes(bytes.as_slice().into()))
        }
        ref other => Ok(other.clone()),
    }),
    ("static bool Convert.ToBoolean(bool)", |_, a| {
        Ok(a[0].clone())
    }),
    ("static bool Convert.ToBoolean(string)", |_, a| {
        match a[0].opt_str() {
            Some(text) => parse::boolean(text).map(Value::Bool),
            None => Ok(Value::Bool(false)),
        }
    }),
    ("static bool Convert.ToBoolean(long)", |_, a| {
        Ok(Value::Bool(a[0].long() != 0))
    }),
    ("static bool Convert.ToBoolean(double)", |_, a| {
        Ok(Value::Bool(a[0].double() != 0.0))
    }),
    ("static bool Convert.ToBoolean(decimal)", |_, a| {
        Ok(Value::Bool(!a[0].decimal().is_zero()))
    }),
    ("static byte Convert.ToByte(string)", |_, a| {
        from_text(a, &Type::Byte)
    }),
    ("static byte Convert.ToByte(bool)", |_, a| {
        from_bool(a, &Type::Byte)
    }),
    ("static byte Convert.ToByte(char)", |_, a| {
        narrow(&a[0], &Type::Byte)
    }),
    ("static byte Convert.ToByte(long)", |_, a| {
        narrow(&a[0], &Type::Byte)
    }),
    ("static byte Convert.ToByte(double)", |_, a| {
        rounded(&a[0], &Type::Byte)
    }),
    ("static short Convert.ToInt16(string)", |_, a| {
        from_text(a, &Type::Short)
    }),
    ("static short Convert.ToInt16(bool)", |_, a| {
        from_bool(a, &Type::Short)
    }),
    ("static short Convert.ToInt16(char)", |_, a| {
        narrow(&a[0], &Type::Short)
    }),
    ("static short Convert.ToInt16(long)", |_, a| {
        narrow(&a[0], &Type::Short)
    }),
    ("static short Convert.ToInt16(double)", |_, a| {
        rounded(&a[0], &Type::Short)
    }),
    ("static short Convert.ToInt16(decimal)", |_, a| {
        rounded(&a[0], &Type::Short)
    }),
    ("static int Convert.ToInt32(string)", |_, a| {
        from_text(a, &Type::Int)
    }),
    ("static int Convert.ToInt32(string, int)", |_, a| {
        from_base(a, &Type::Int)
    }),
    ("static int Convert.ToInt32(bool)", |_, a| {
        from_bool(a, &Type::Int)
    }),
    ("static int Convert.ToInt32(char)", |_, a| {
        narrow(&a[0], &Type::Int)
    }),
    ("static int Convert.ToInt32(int)", |_, a| Ok(a[0].clone())),
    ("static int Convert.ToInt32(long)", |_, a| {
        narrow(&a[0], &Type::Int)
    }),
    ("static int Convert.ToInt32(ulong)", |_, a| {
        narrow(&a[0], &Type::Int)
    }),
    ("static int Convert.ToInt32(double)", |_, a| {
        rounded(&a[0], &Type::Int)
    }),
    ("static int Convert.ToInt32(decimal)", |_, a| {
        rounded(&a[0], &Type::Int)
    }),
    ("static long Convert.ToInt64(string)", |_, a| {
        from_text(a, &Type::Long)
    }),
    ("static long Convert.ToInt64(string, int)", |_, a| {
        from_base(a, &Type::Long)
    }),
    ("static long Convert.ToInt64(bool)", |_, a| {
        from_bool(a, &Type::Long)
    }),
    ("static long Convert.ToInt64(char)", |_, a| {
        narrow(&a[0], &Type::Long)
    }),
    ("static long Convert.ToInt64(long)", |_, a| Ok(a[0].clone())),
    ("static long Convert.ToInt64(ulong)", |_, a| {
        narrow(&a[0], &Type::Long)
    }),
    ("static long Convert.ToInt64(double)", |_, a| {
        rounded(&a[0], &Type::Long)
    }),
    ("static long Convert.ToInt64(decimal)", |_, a| {
        rounded(&a[0], &Type::Long)
    }),
    ("static uint Convert.ToUInt32(string)", |_, a| {
        from_text(a, &Type::UInt)
    }),
    ("static uint Convert.ToUInt32(long)", |_, a| {
        narrow(&a[0], &Type::UInt)
    }),
    ("static uint Convert.ToUInt32(double)", |_, a| {
        rounded(&a[0], &Type::UInt)
    }),
    ("static ulong Convert.ToUInt64(string)", |_, a| {
        from_text(a, &Type::ULong)
    }),
    ("static ulong Convert.ToUInt64(long)", |_, a| {
        narrow(&a[0], &Type::ULong)
    }),
    ("static ulong Convert.ToUInt64(double)", |_, a| {
        rounded(&a[0], &Type::ULong)
    }),
    ("static float Convert.ToSingle(string)", |_, a| {
        match a[0].opt_str() {
            Some(text) => parse::float(text).map(Value::Float),
            None => Ok(Value::Float(0.0)),
        }
    }),
    ("static float Convert.ToSingle(double)", |_, a| {
        ops::convert(&a[0], &Type::Float, false)
    }),
    ("static float Convert.ToSingle(decimal)", |_, a| {
        ops::convert(&a[0], &Type::Float, false)
    }),
    ("static double Convert.ToDouble(string)", |_, a| {
        match a[0].opt_str() {
            Some(text) => parse::double(text).map(Value::Double),
            None => Ok(Value::Double(0.0)),
        }
    }),
    ("static double Convert.ToDouble(bool)", |_, a| {
        Ok(Value::Double(f64::from(u8::from(a[0].bool()))))
    }),
    ("static double Convert.ToDouble(double)", |_, a| {
        Ok(a[0].clone())
    }),
    ("static double Convert.ToDouble(decimal)", |_, a| {
        ops::convert(&a[0], &Type::Double, false)
    }),
    ("static decimal Convert.ToDecimal(string)", |_, a| {
        match a[0].opt_str() {
            Some(text) => parse::dec(text).map(Value::Decimal),
            None => Ok(Value::Decimal(rust_decimal::Decimal::ZERO)),
        }
    }),
    ("static decimal Convert.ToDecimal(bool)", |_, a| {
        from_bool(a, &Type::Decimal)
    }),
    ("static decimal Convert.ToDecimal(long)", |_, a| {
        ops::convert(&a[0], &Type::Decimal, false)
    }),
    ("static decimal Convert.ToDecimal(double)", |_, a| {
        ops::convert(&a[0], &Type::Decimal, false)
    }),
    ("static decimal Convert.ToDecimal(decimal)", |_, a| {
        Ok(a[0].clone())
    }),
    ("static char Convert.ToChar(int)", |_, a| {
        narrow(&a[0], &Type::Char)
    }),
    (
        "static DateTime Convert.ToDateTime(string)",
        |c, a| match a[0].opt_str() {
            Some(text) => parse::date_time(text, c.now).map(Value::DateTime),
            None => Ok(Value::date(0)),
        },
    ),
    ("static DateTime Convert.ToDateTime(DateTime)", |_, a| {
        Ok(a[0].clone())
    }),
    ("static string Convert.ToString(string)", |_, a| {
        Ok(a[0].clone())
    }),
    (
        "static string Convert.ToBase64String(byte[])",
        |_, a| match &a[0] {
            Value::Bytes(bytes) => Ok(Value::string(base64(bytes))),
            _ => Err(CsError::null_argument("inArray")),
        },
    ),
];

fn text(a: &[Value]) -> CsResult<&str> {
    let name = "String";
    a[0].opt_str().ok_or_else(|| CsError::null_argument(name))
}

fn bounds(ty: &Type) -> (i128, i128, &'static str) {
    match ty {
        Type::SByte => (i8::MIN.into(), i8::MAX.into(), "signed byte"),
        Type::Byte => (0, u8::MAX.into(), "unsigned byte"),
        Type::Short => (i16::MIN.into(), i16::MAX.into(), "Int16"),
        Type::UShort => (0, u16::MAX.into(), "UInt16"),
        Type::UInt => (0, u32::MAX.into(), "UInt32"),
        Type::Long => (i64::MIN.into(), i64::MAX.into(), "Int64"),
        Type::ULong => (0, u64::MAX.into(), "UInt64"),
        _ => (i32::MIN.into(), i32::MAX.into(), "Int32"),
    }
}

/// The integer in a text, for any integral type.
pub(crate) fn parse_integer(text: &str, ty: &Type) -> CsResult<Value> {
    let (min, max, name) = bounds(ty);
    let value = parse::integer(text, min, max, name)?;
    ops::fit(value, ty)
        .ok_or_else(|| CsError::overflow("Arithmetic operation resulted in an overflow."))
}

fn integer(a: &[Value], ty: &Type) -> CsResult<Value> {
    parse_integer(text(a)?, ty)
}

/// `Convert` takes null for zero.
fn from_text(a: &[Value], ty: &Type) -> CsResult<Value> {
    parse_integer(a[0].opt_str().unwrap_or("0"), ty)
}

fn from_base(a: &[Value], ty: &Type) -> CsResult<Value> {
    let base = match a[1].int() {
        base @ (2 | 8 | 10 | 16) => base.unsigned_abs(),
        _ => return Err(CsError::argument("Invalid Base.")),
    };
    let text = a[0].opt_str().unwrap_or("0");
    let digits = if base == 16 {
        text.trim_start_matches("0x").trim_start_matches("0X")
    } else {
        text
    };
    let bad = || CsError::format("Could not find any recognizable digits.");
    let number = i128::from_str_radix(digits, base).map_err(|_| bad())?;
    let wrapped = if base == 10 {
        ops::fit(number, ty)
    } else {
        ops::wrap(number, ty)
    };
    wrapped
        .ok_or_else(|| CsError::overflow("Value was either too large or too small for an Int32."))
}

fn from_bool(a: &[Value], ty: &Type) -> CsResult<Value> {
    ops::convert(&Value::Int(i32::from(a[0].bool())), ty, true)
}

fn too_large(ty: &Type) -> CsError {
    CsError::overflow(format!(
        "Value was either too large or too small for {}.",
        ops::of(ty)
    ))
}

fn narrow(value: &Value, ty: &Type) -> CsResult<Value> {
    ops::integer_of(value)
        .and_then(|n| ops::fit(n, ty))
        .ok_or_else(|| too_large(ty))
}

/// To the nearest integer, halves to even.
fn rounded(value: &Value, ty: &Type) -> CsResult<Value> {
    let value = match value {
        Value::Double(n) => Value::Double(n.round_ties_even()),
        Value::Decimal(n) => Value::Decimal(n.round()),
        other => other.clone(),
    };
    ops::convert(&value, ty, true).map_err(|_| too_large(ty))
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .enumerate()
            .fold(0_u32, |word, (n, b)| word | u32::from(*b) << (16 - 8 * n));
        for n in 0..4 {
            let index = usize::try_from(word >> (18 - 6 * n) & 63).unwrap_or(0);
            out.push(if n <= chunk.len() {
                char::from(ALPHABET[index])
            } else {
                '='
            });
        }
    }
    out
}
