//! Empty: only the dependencies of this crate matter.
