/**
 * The service of the client protocol, as far as brokers and name servers serve it alike: calls as raw bytes, and the
 * methods that need routes and settings alone. No state of its own; everything runs on network threads and must not block.
 */
@NullMarked
package io.argosy.wire.plane;

import org.jspecify.annotations.NullMarked;
