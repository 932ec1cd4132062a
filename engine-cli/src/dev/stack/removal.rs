//! Removes what a stopped stack leaves, in its directory and outside of it.

use std::{fs, io, path::Path};

use super::Stack;
use crate::error::{Error, Result};

impl Stack {
    /// Removes what a stopped stack wrote.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn wipe(mut self) -> Result<()> {
        self.remove_outlying()?;
        self.layout.remove()
    }

    /// Where the stack's database lies, if that is outside of its directory.
    pub fn outlying(&self) -> Option<&Path> {
        let data = self.state.postgres_data.as_deref()?;
        // The data's directory is made for it alone.
        data.parent()
            .filter(|_| !data.starts_with(self.layout.root()))
    }

    /// Removes what a stopped stack wrote outside of its directory; says whether
    /// there was anything.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn remove_outlying(&mut self) -> Result<bool> {
        let Some(home) = self.outlying().map(Path::to_owned) else {
            return Ok(false);
        };
        match fs::remove_dir_all(&home) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::file("directory", home)(error));
            }
            _ => {}
        }
        self.state.postgres_data = None;
        self.save()?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::{dev::Layout, printer::Printer};

    fn stack(root: &Path, data: Option<PathBuf>) -> Stack {
        let layout = Layout::new(root).expect("layout");
        let mut stack = Stack::open(layout, Printer::new(false, true)).expect("open");
        stack.state.postgres_data = data;
        stack
    }

    #[test]
    fn a_database_outside_goes_alone_and_one_inside_stays() {
        let dir = tempfile::tempdir().expect("tempdir");
        let (root, home) = (dir.path().join("stack"), dir.path().join("outside"));
        fs::create_dir_all(home.join("postgres")).expect("directory");
        let mut outlying = stack(&root, Some(home.join("postgres")));
        assert_eq!(outlying.outlying(), Some(home.as_path()));
        assert!(outlying.remove_outlying().expect("remove"));
        assert!(!home.exists() && root.join("wallets").exists());
        assert!(!outlying.remove_outlying().expect("again"), "only once");
        drop(outlying);
        // Removed behind our back, which is as good.
        let gone = stack(&root, Some(home.join("postgres")));
        gone.wipe().expect("wipe");
        assert!(!root.exists());

        let data = root.join("postgres");
        let mut inside = stack(&root, Some(data.clone()));
        fs::create_dir(&data).expect("directory");
        assert_eq!(inside.outlying(), None);
        assert!(!inside.remove_outlying().expect("remove"));
        assert!(data.exists());
        inside.wipe().expect("wipe");
        assert!(!root.exists());
    }
}
