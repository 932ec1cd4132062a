//! The container of iden3's binary files: four letters, a version, and sections of a type and a
//! length each. Integers are little-endian.

use std::io::{self, Write};

/// Writes the head of a file.
pub(super) fn write_head(
    out: &mut impl Write,
    magic: &[u8; 4],
    version: u32,
    sections: u32,
) -> io::Result<()> {
    out.write_all(magic)?;
    out.write_all(&version.to_le_bytes())?;
    out.write_all(&sections.to_le_bytes())
}

/// Writes a section's head.
pub(super) fn write_section(out: &mut impl Write, kind: u32, length: u64) -> io::Result<()> {
    out.write_all(&kind.to_le_bytes())?;
    out.write_all(&length.to_le_bytes())
}

/// Splits a file into its sections, type and content each. `None` if it is no such file.
pub(super) fn sections<'a>(bytes: &'a [u8], magic: &[u8; 4]) -> Option<Vec<(u32, &'a [u8])>> {
    let mut reader = Reader(bytes.strip_prefix(magic)?);
    let _version = reader.u32()?;
    let count = reader.u32()?;
    let mut sections = Vec::new();
    for _ in 0..count {
        let kind = reader.u32()?;
        let length = usize::try_from(reader.u64()?).ok()?;
        sections.push((kind, reader.take(length)?));
    }
    Some(sections)
}

/// Takes values from the front of bytes.
pub(super) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    pub fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }
}
