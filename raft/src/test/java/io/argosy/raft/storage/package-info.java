/** Tests of the storage, and the disk that breaks. */
@NullMarked
package io.argosy.raft.storage;

import org.jspecify.annotations.NullMarked;
