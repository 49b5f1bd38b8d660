//! Files and directories in memory, and nothing that a log does not need: files grow at their end,
//! get shorter, change their names.

use std::collections::BTreeMap;
use std::sync::Arc;

use nix::errno::Errno;

/// The number of a file or a directory, never used twice.
pub(super) type Number = u64;

/// The number of the mount's own directory, as FUSE has it.
pub(super) const ROOT: Number = 1;

/// A file or a directory.
#[derive(Debug)]
pub(super) enum Node {
    /// Its bytes.
    File(Arc<Vec<u8>>),
    /// Its names.
    Directory(BTreeMap<String, Number>),
}

/// All of them.
#[derive(Debug)]
pub(super) struct Files {
    nodes: BTreeMap<Number, Node>,
    /// The directory and the last name of each.
    places: BTreeMap<Number, (Number, String)>,
    next: Number,
}

impl Default for Files {
    fn default() -> Self {
        let nodes = BTreeMap::from([(ROOT, Node::Directory(BTreeMap::new()))]);
        Self { nodes, places: BTreeMap::new(), next: ROOT + 1 }
    }
}

impl Files {
    /// One of them.
    ///
    /// # Errors
    /// `ENOENT`.
    pub(super) fn node(&self, number: Number) -> Result<&Node, Errno> {
        self.nodes.get(&number).ok_or(Errno::ENOENT)
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// `ENOENT`, or `EISDIR` for a directory.
    pub(super) fn bytes(&self, file: Number) -> Result<&Arc<Vec<u8>>, Errno> {
        match self.node(file)? {
            Node::File(bytes) => Ok(bytes),
            Node::Directory(_) => Err(Errno::EISDIR),
        }
    }

    /// The names of a directory.
    ///
    /// # Errors
    /// `ENOENT`, or `ENOTDIR` for a file.
    pub(super) fn names(&self, directory: Number) -> Result<&BTreeMap<String, Number>, Errno> {
        match self.node(directory)? {
            Node::Directory(names) => Ok(names),
            Node::File(_) => Err(Errno::ENOTDIR),
        }
    }

    /// What a name leads to.
    ///
    /// # Errors
    /// `ENOENT` or `ENOTDIR`.
    pub(super) fn lookup(&self, directory: Number, name: &str) -> Result<Number, Errno> {
        self.names(directory)?.get(name).copied().ok_or(Errno::ENOENT)
    }

    /// What a path below the mount leads to.
    ///
    /// # Errors
    /// As [`Self::lookup`].
    pub(super) fn find(&self, path: &str) -> Result<Number, Errno> {
        path.split('/').try_fold(ROOT, |directory, name| self.lookup(directory, name))
    }

    /// The path of a name, from the mount on.
    pub(super) fn path(&self, directory: Number, name: &str) -> String {
        match self.places.get(&directory) {
            Some((parent, of_directory)) => {
                format!("{}/{name}", self.path(*parent, of_directory))
            }
            None => name.to_owned(),
        }
    }

    /// The path of a file, or the last one that it had.
    ///
    /// # Errors
    /// `ENOENT`.
    pub(super) fn path_of(&self, file: Number) -> Result<String, Errno> {
        let (directory, name) = self.places.get(&file).ok_or(Errno::ENOENT)?;
        Ok(self.path(*directory, name))
    }

    /// A new file or directory.
    ///
    /// # Errors
    /// `EEXIST`, or as [`Self::names`].
    pub(super) fn add(
        &mut self,
        directory: Number,
        name: &str,
        node: Node,
    ) -> Result<Number, Errno> {
        if self.names(directory)?.contains_key(name) {
            return Err(Errno::EEXIST);
        }
        let number = self.next;
        self.next += 1;
        self.nodes.insert(number, node);
        self.places.insert(number, (directory, name.to_owned()));
        self.names_mut(directory)?.insert(name.to_owned(), number);
        Ok(number)
    }

    /// Writes at the end.
    ///
    /// # Errors
    /// `EOPNOTSUPP` anywhere else: an append-only file needs no more, and the model of a disk
    /// knows no more.
    pub(super) fn append(&mut self, file: Number, offset: u64, bytes: &[u8]) -> Result<(), Errno> {
        if self.bytes(file)?.len() as u64 != offset {
            return Err(Errno::EOPNOTSUPP);
        }
        if let Some(Node::File(content)) = self.nodes.get_mut(&file) {
            Arc::make_mut(content).extend_from_slice(bytes);
        }
        Ok(())
    }

    /// Makes a file shorter. Returns whether that changed anything.
    ///
    /// # Errors
    /// `EOPNOTSUPP` for a length that is longer.
    pub(super) fn truncate(&mut self, file: Number, length_bytes: u64) -> Result<bool, Errno> {
        let before = self.bytes(file)?.len();
        let length = usize::try_from(length_bytes).map_err(|_| Errno::EFBIG)?;
        if length > before {
            return Err(Errno::EOPNOTSUPP);
        }
        if let Some(Node::File(content)) = self.nodes.get_mut(&file) {
            Arc::make_mut(content).truncate(length);
        }
        Ok(length < before)
    }

    /// `rename(2)`.
    ///
    /// # Errors
    /// `ENOENT` or `ENOTDIR`.
    pub(super) fn rename(
        &mut self,
        (directory, from): (Number, &str),
        (target, to): (Number, &str),
    ) -> Result<(), Errno> {
        let file = self.lookup(directory, from)?;
        self.names(target)?;
        self.names_mut(directory)?.remove(from);
        self.names_mut(target)?.insert(to.to_owned(), file);
        self.places.insert(file, (target, to.to_owned()));
        Ok(())
    }

    /// Takes a name away. What it led to stays: somebody may have it open.
    ///
    /// # Errors
    /// `ENOENT` or `ENOTDIR`.
    pub(super) fn unlink(&mut self, directory: Number, name: &str) -> Result<(), Errno> {
        self.names_mut(directory)?.remove(name).map(drop).ok_or(Errno::ENOENT)
    }

    fn names_mut(&mut self, directory: Number) -> Result<&mut BTreeMap<String, Number>, Errno> {
        match self.nodes.get_mut(&directory) {
            Some(Node::Directory(names)) => Ok(names),
            Some(Node::File(_)) => Err(Errno::ENOTDIR),
            None => Err(Errno::ENOENT),
        }
    }
}
