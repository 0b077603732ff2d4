//! Bit masks of the places where a byte occurs in 64 bytes of text.
//!
//! What the bits mean is decided by the callers.

use wide::u8x16;

/// Bytes looked at together; one bit of a mask each.
pub(crate) const BLOCK: usize = 64;

const LANES: usize = 16;

/// 64 bytes ready to be compared.
#[derive(Clone, Copy)]
pub(crate) struct Block([u8x16; BLOCK / LANES]);

impl Block {
    /// The bytes of `data` from `base` on, and a mask of those that exist.
    #[inline]
    pub(crate) fn load(data: &[u8], base: usize) -> (Self, u64) {
        let rest = data.get(base..).unwrap_or_default();
        if let Some(bytes) = rest.first_chunk() {
            (Self::new(bytes), u64::MAX)
        } else {
            let mut bytes = [0; BLOCK];
            bytes[..rest.len()].copy_from_slice(rest);
            (Self::new(&bytes), (1 << rest.len()) - 1)
        }
    }

    #[inline]
    fn new(bytes: &[u8; BLOCK]) -> Self {
        let (lanes, _) = bytes.as_chunks::<LANES>();
        Self(std::array::from_fn(|i| u8x16::new(lanes[i])))
    }

    /// One bit for each byte equal to `byte`, the first byte in the lowest bit.
    #[inline]
    pub(crate) fn eq(&self, byte: u8) -> u64 {
        let pattern = u8x16::splat(byte);
        self.0.iter().rev().fold(0, |mask, lanes| {
            mask << LANES | u64::from(lanes.simd_eq(pattern).to_bitmask())
        })
    }
}

/// All bits from `bit` up; none when `bit` is 64.
#[inline]
pub(crate) fn from_bit(bit: usize) -> u64 {
    if bit < BLOCK { u64::MAX << bit } else { 0 }
}

/// The position of the lowest set bit, 64 when none is.
#[inline]
pub(crate) fn lowest(mask: u64) -> usize {
    // at most 64: always fits
    mask.trailing_zeros() as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn masks_agree_with_a_loop(data in prop::collection::vec(0u8..4, 0..200), byte in 0u8..4) {
            for base in (0..data.len()).step_by(BLOCK) {
                let (block, valid) = Block::load(&data, base);
                let mask = block.eq(byte) & valid;
                let expected = data[base..].iter().take(BLOCK).enumerate()
                    .fold(0, |mask, (i, b)| mask | u64::from(*b == byte) << i);
                prop_assert_eq!(mask, expected);
            }
        }
    }

    #[test]
    fn masks_of_every_byte_value() {
        let data: Vec<u8> = (0..=255).collect();
        for base in [0, 64, 128, 192] {
            let (block, valid) = Block::load(&data, base);
            assert_eq!(valid, u64::MAX);
            for byte in 0..=255u8 {
                let at = usize::from(byte).wrapping_sub(base);
                assert_eq!(block.eq(byte), if at < BLOCK { 1 << at } else { 0 });
            }
        }
    }
}
