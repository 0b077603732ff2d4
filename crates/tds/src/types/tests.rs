use proptest::prelude::*;

use super::*;
use crate::{Collation, Error, Reader};

/// Writes type and value, reads both back.
fn round_trip(info: TypeInfo, value: ValueRef<'_>) -> Value {
    let mut out = Vec::new();
    info.write(&mut out);
    info.write_value(value, &mut out).unwrap();
    let mut reader = Reader::new(&out);
    let read = TypeInfo::read(&mut reader).unwrap();
    let value = read.read_value(&mut reader).unwrap();
    assert!(reader.is_empty(), "{info:?} left bytes over");
    value
}

const EVERY_TYPE: &[TypeInfo] = &[
    TypeInfo::Null,
    TypeInfo::Bit { fixed: false },
    TypeInfo::Int {
        width: 1,
        fixed: false,
    },
    TypeInfo::Int {
        width: 2,
        fixed: false,
    },
    TypeInfo::Int {
        width: 4,
        fixed: false,
    },
    TypeInfo::Int {
        width: 8,
        fixed: false,
    },
    TypeInfo::Float {
        width: 4,
        fixed: false,
    },
    TypeInfo::Float {
        width: 8,
        fixed: false,
    },
    TypeInfo::Money {
        width: 4,
        fixed: false,
    },
    TypeInfo::Money {
        width: 8,
        fixed: false,
    },
    TypeInfo::DateTime {
        width: 4,
        fixed: false,
    },
    TypeInfo::DateTime {
        width: 8,
        fixed: false,
    },
    TypeInfo::Decimal(DecimalType {
        precision: 38,
        scale: 4,
    }),
    TypeInfo::Guid,
    TypeInfo::Date,
    TypeInfo::Time(7),
    TypeInfo::DateTime2(3),
    TypeInfo::DateTimeOffset(0),
    TypeInfo::VarChar(MaxLength::Bytes(8000), Collation::LATIN1),
    TypeInfo::VarChar(MaxLength::Max, Collation::LATIN1),
    TypeInfo::NVarChar(MaxLength::Bytes(8000), Collation::LATIN1),
    TypeInfo::NVARCHAR_MAX,
    TypeInfo::VarBinary(MaxLength::Bytes(8000)),
    TypeInfo::VarBinary(MaxLength::Max),
    TypeInfo::Xml,
];

#[test]
fn every_type_can_be_null() {
    for info in EVERY_TYPE {
        assert_eq!(round_trip(*info, ValueRef::Null), Value::Null, "{info:?}");
    }
}

proptest! {
    #[test]
    fn integers_survive(number: i64) {
        prop_assert_eq!(round_trip(TypeInfo::int(8), ValueRef::Int(number)), Value::BigInt(number));
        if let Ok(number) = i32::try_from(number) {
            prop_assert_eq!(round_trip(TypeInfo::int(4), ValueRef::Int(number.into())), Value::Int(number));
        }
    }

    #[test]
    fn small_integers_survive(small: i16, tiny: u8, bit: bool) {
        prop_assert_eq!(round_trip(TypeInfo::int(2), ValueRef::Int(small.into())), Value::SmallInt(small));
        prop_assert_eq!(round_trip(TypeInfo::int(1), ValueRef::Int(tiny.into())), Value::TinyInt(tiny));
        prop_assert_eq!(round_trip(TypeInfo::Bit { fixed: false }, ValueRef::Bit(bit)), Value::Bit(bit));
    }

    #[test]
    fn floats_survive(number: f64, small: f32) {
        if let Value::Float(read) = round_trip(TypeInfo::float(8), ValueRef::Float(number)) {
            prop_assert_eq!(read.to_bits(), number.to_bits());
        }
        prop_assert_eq!(round_trip(TypeInfo::float(4), ValueRef::Float(f64::from(small))), Value::Real(small));
    }

    #[test]
    fn texts_survive(text: String) {
        prop_assert_eq!(round_trip(TypeInfo::NVARCHAR_MAX, ValueRef::String(&text)), Value::String(text.clone()));
        prop_assert_eq!(round_trip(TypeInfo::Xml, ValueRef::String(&text)), Value::String(text));
    }

    #[test]
    fn bytes_survive_across_chunks(byte: u8, length in 0_usize..200_000) {
        let bytes = vec![byte; length];
        let info = TypeInfo::VarBinary(MaxLength::Max);
        prop_assert_eq!(round_trip(info, ValueRef::Binary(&bytes)), Value::Binary(bytes));
    }

    #[test]
    fn amounts_and_decimals_survive(amount: i64, number in -(10_i128.pow(38) - 1)..10_i128.pow(38)) {
        let money = TypeInfo::Money { width: 8, fixed: false };
        prop_assert_eq!(round_trip(money, ValueRef::Money(amount)), Value::Money(amount));
        let decimal = TypeInfo::Decimal(DecimalType { precision: 38, scale: 10 });
        prop_assert_eq!(round_trip(decimal, ValueRef::Decimal(number)), Value::Decimal(number));
    }

    #[test]
    fn moments_survive(days in 0_u32..3_652_059, time in 0_u64..864_000_000_000, offset in -840_i16..=840) {
        prop_assert_eq!(
            round_trip(TypeInfo::DateTime2(7), ValueRef::DateTime2 { days, time }),
            Value::DateTime2 { days, time }
        );
        prop_assert_eq!(
            round_trip(TypeInfo::DateTimeOffset(7), ValueRef::DateTimeOffset { days, time, offset }),
            Value::DateTimeOffset { days, time, offset }
        );
    }

    /// sqlml C54: whatever the bytes, reading ends with a value or an error.
    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let mut reader = Reader::new(&bytes);
        if let Ok(info) = TypeInfo::read(&mut reader) {
            let _ = info.read_value(&mut reader);
        }
    }
}

#[test]
fn a_guid_is_written_in_the_order_of_the_wire() {
    let guid: [u8; 16] = std::array::from_fn(|at| u8::try_from(at).unwrap());
    let mut out = Vec::new();
    TypeInfo::Guid
        .write_value(ValueRef::Guid(guid), &mut out)
        .unwrap();
    assert_eq!(
        out,
        [16, 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
    );
    assert_eq!(
        round_trip(TypeInfo::Guid, ValueRef::Guid(guid)),
        Value::Guid(guid)
    );
}

#[test]
fn a_value_that_its_type_cannot_hold_is_refused_and_writes_nothing() {
    let refused = [
        (TypeInfo::int(1), ValueRef::Int(256)),
        (TypeInfo::int(4), ValueRef::Int(i64::MAX)),
        (TypeInfo::nvarchar(2), ValueRef::String("abc")),
        (
            TypeInfo::Decimal(DecimalType {
                precision: 2,
                scale: 0,
            }),
            ValueRef::Decimal(100),
        ),
        (TypeInfo::Guid, ValueRef::Int(1)),
    ];
    for (info, value) in refused {
        let mut out = Vec::new();
        assert!(
            matches!(info.write_value(value, &mut out), Err(Error::Invalid(_))),
            "{info:?} {value:?}"
        );
        assert!(out.is_empty(), "{info:?} {value:?}");
    }
}

#[test]
fn announced_lengths_reserve_nothing() {
    // A chunked value that announces 4 GiB and holds nothing.
    let bytes = [
        0xA5, 0xFF, 0xFF, 0, 0, 0, 0, 1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0x7F,
    ];
    let mut reader = Reader::new(&bytes);
    let info = TypeInfo::read(&mut reader).unwrap();
    assert!(matches!(
        info.read_value(&mut reader),
        Err(Error::Truncated { .. })
    ));
}

#[test]
fn fixed_and_old_forms_are_read() {
    let read = |bytes: &[u8]| {
        let mut reader = Reader::new(bytes);
        let info = TypeInfo::read(&mut reader).unwrap();
        info.read_value(&mut reader).unwrap()
    };
    assert_eq!(read(&[0x38, 5, 0, 0, 0]), Value::Int(5));
    assert_eq!(read(&[0x32, 1]), Value::Bit(true));
    // ntext, as FreeTDS declares statements.
    assert_eq!(
        read(&[0x63, 2, 0, 0, 0, 9, 4, 0xD0, 0, 0x34, 2, 0, 0, 0, b'x', 0]),
        Value::String("x".into())
    );
    assert_eq!(
        read(&[0x3A, 1, 0, 2, 0]),
        Value::DateTime {
            days: 1,
            ticks: 36_000
        }
    );
}
