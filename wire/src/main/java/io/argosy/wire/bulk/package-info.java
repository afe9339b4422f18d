/**
 * The bulk plane's messages, read and written by hand: a batch is copied once, from or to the network's buffers. What
 * is on the wire is {@code argosy/v1/bulk.proto}.
 */
@NullMarked
package io.argosy.wire.bulk;

import org.jspecify.annotations.NullMarked;
