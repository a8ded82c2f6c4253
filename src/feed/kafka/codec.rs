//! Packed batches are unpacked into no more than is allowed, whatever they would come to.

use std::io::Read;

use super::batch::Flaw;

/// What stands before blocks of snappy as Java clients write them.
const XERIAL: &[u8] = b"\x82SNAPPY\0";
/// Its version, and the oldest that reads it.
const XERIAL_VERSIONS: usize = 8;

/// How a batch is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

impl Codec {
    /// Unpacks at most `limit` bytes.
    ///
    /// # Errors
    /// When it would be more, or is not packed as it says.
    pub fn unpack(self, packed: &[u8], limit: usize) -> Result<Vec<u8>, Flaw> {
        match self {
            Self::Gzip => drain(flate2::read::MultiGzDecoder::new(packed), limit, self),
            Self::Lz4 => drain(lz4_flex::frame::FrameDecoder::new(packed), limit, self),
            Self::Snappy => snappy(packed, limit),
            Self::Zstd => zstd(packed, limit),
        }
    }
}

fn drain(reader: impl Read, limit: usize, codec: Codec) -> Result<Vec<u8>, Flaw> {
    let mut plain = Vec::new();
    reader.take(limit as u64 + 1).read_to_end(&mut plain).map_err(|_| Flaw::Packing(codec))?;
    if plain.len() > limit { Err(Flaw::Unpacked) } else { Ok(plain) }
}

/// One block, or blocks with their lengths. A block names its plain length first, which is believed only within the limit.
fn snappy(packed: &[u8], limit: usize) -> Result<Vec<u8>, Flaw> {
    let broken = Flaw::Packing(Codec::Snappy);
    let mut plain = Vec::new();
    let mut block = |packed: &[u8]| {
        let length = snap::raw::decompress_len(packed).map_err(|_| broken)?;
        let (start, end) = (plain.len(), plain.len().saturating_add(length));
        if end > limit {
            return Err(Flaw::Unpacked);
        }
        plain.resize(end, 0);
        snap::raw::Decoder::new().decompress(packed, &mut plain[start..]).map(drop).map_err(|_| broken)
    };
    match packed.strip_prefix(XERIAL) {
        None => block(packed)?,
        Some(framed) => {
            let mut rest = framed.get(XERIAL_VERSIONS..).ok_or(broken)?;
            while let Some((length, behind)) = rest.split_first_chunk::<4>() {
                let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| broken)?;
                let (packed, behind) = behind.split_at_checked(length).ok_or(broken)?;
                block(packed)?;
                rest = behind;
            }
        }
    }
    Ok(plain)
}

/// In one go into a buffer of the limit, which needs no window: any level of compression is read, and memory that is not written
/// to is not used.
fn zstd(packed: &[u8], limit: usize) -> Result<Vec<u8>, Flaw> {
    let mut plain = Vec::with_capacity(limit);
    let unpacked = zstd::bulk::Decompressor::new().and_then(|mut unpacker| unpacker.decompress_to_buffer(packed, &mut plain));
    match unpacked {
        Ok(_) => Ok(plain),
        Err(error) if error.to_string().contains("buffer is too small") => Err(Flaw::Unpacked),
        Err(_) => Err(Flaw::Packing(Codec::Zstd)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    const ALL: [Codec; 4] = [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

    fn pack(codec: Codec, plain: &[u8]) -> Vec<u8> {
        match codec {
            Codec::Gzip => {
                let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
                packer.write_all(plain).unwrap();
                packer.finish().unwrap()
            }
            Codec::Snappy => snap::raw::Encoder::new().compress_vec(plain).unwrap(),
            Codec::Lz4 => {
                let mut packer = lz4_flex::frame::FrameEncoder::new(Vec::new());
                packer.write_all(plain).unwrap();
                packer.finish().unwrap()
            }
            Codec::Zstd => zstd::bulk::compress(plain, 3).unwrap(),
        }
    }

    fn xerial(blocks: &[&[u8]]) -> Vec<u8> {
        let mut framed = [XERIAL, &[0, 0, 0, 1, 0, 0, 0, 1]].concat();
        for block in blocks {
            let packed = pack(Codec::Snappy, block);
            framed.extend(u32::try_from(packed.len()).unwrap().to_be_bytes());
            framed.extend(packed);
        }
        framed
    }

    #[test]
    fn each_codec_gives_to_its_limit_and_not_a_byte_more() {
        let plain: Vec<u8> = (0..100_000u32).flat_map(|n| (n / 7).to_le_bytes()).collect();
        for codec in ALL {
            let packed = pack(codec, &plain);
            assert!(packed.len() < plain.len() / 2, "{codec:?} packs");
            assert_eq!(codec.unpack(&packed, plain.len()).as_deref(), Ok(&plain[..]), "{codec:?}");
            assert_eq!(codec.unpack(&packed, plain.len() - 1), Err(Flaw::Unpacked), "{codec:?}");
            assert_eq!(codec.unpack(&packed[..packed.len() / 2], plain.len()), Err(Flaw::Packing(codec)), "{codec:?}");
            assert_eq!(codec.unpack(&pack(codec, b""), 0).as_deref(), Ok(&[][..]), "{codec:?}");
        }
    }

    #[test]
    fn blocks_of_snappy_as_java_writes_them_share_one_limit() {
        let framed = xerial(&[b"one, ", b"two"]);
        assert_eq!(Codec::Snappy.unpack(&framed, 8).as_deref(), Ok(&b"one, two"[..]));
        assert_eq!(Codec::Snappy.unpack(&framed, 7), Err(Flaw::Unpacked));
        // four gigabytes are announced and none is there
        assert_eq!(Codec::Snappy.unpack(&[0xff, 0xff, 0xff, 0xff, 0x0f, 0], 1 << 20), Err(Flaw::Unpacked));
    }

    #[test]
    fn a_window_of_zstd_that_is_larger_than_the_limit_is_not_made() {
        let mut packer = zstd::stream::Encoder::new(Vec::new(), 22).unwrap();
        packer.write_all(b"a small batch by a producer of the highest level").unwrap();
        let packed = packer.finish().unwrap();
        assert_eq!(Codec::Zstd.unpack(&packed, 64).unwrap(), b"a small batch by a producer of the highest level");
    }

    proptest! {
        #[test]
        fn nothing_that_is_unpacked_breaks_it_or_passes_the_limit(
            plain in prop::collection::vec(0u8..4, 0..2_000),
            flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            noise in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            for codec in ALL {
                let mut packed = pack(codec, &plain);
                for (at, bits) in &flips {
                    let at = at.index(packed.len());
                    packed[at] ^= bits;
                }
                for bytes in [&packed, &noise] {
                    prop_assert!(codec.unpack(bytes, 1_000).is_ok_and(|plain| plain.len() <= 1_000) || codec.unpack(bytes, 1_000).is_err());
                }
            }
        }
    }
}
