//! The fuzzer's input, read as numbers. What is missing reads as zero, so that every input means something.

/// A cursor over the input.
pub struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    /// The input from its beginning.
    pub const fn new(input: &'a [u8]) -> Self {
        Self(input)
    }

    /// Whether everything has been read.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let (head, rest) = self.0.split_at(N.min(self.0.len()));
        self.0 = rest;
        let mut array = [0; N];
        array[..head.len()].copy_from_slice(head);
        array
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        u8::from_le_bytes(self.array())
    }

    /// The next bit of judgement.
    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// A number below `end`, which must not be 0.
    pub fn below(&mut self, end: usize) -> usize {
        usize::from(u16::from_le_bytes(self.array())) % end
    }

    /// A 32-bit number, small ones often.
    pub fn u32(&mut self) -> u32 {
        if self.flag() {
            u32::from_le_bytes(self.array())
        } else {
            self.byte().into()
        }
    }

    /// A 64-bit number: small ones, middling ones, and those near the end.
    pub fn u64(&mut self) -> u64 {
        match self.byte() % 4 {
            0 => self.byte().into(),
            1 => u32::from_le_bytes(self.array()).into(),
            2 => u64::from_le_bytes(self.array()),
            _ => u64::MAX - u64::from(self.byte()),
        }
    }

    /// A signed number, of the same kinds on both sides of zero.
    pub fn i64(&mut self) -> i64 {
        let magnitude = (self.u64() >> 1) as i64;
        if self.flag() { !magnitude } else { magnitude }
    }

    /// As many bytes as the next one says.
    pub fn some(&mut self) -> &'a [u8] {
        let count = usize::from(self.byte()).min(self.0.len());
        let (head, rest) = self.0.split_at(count);
        self.0 = rest;
        head
    }
}
