/**
 * Certificates for listeners that were given none: official clients of three languages speak TLS unless told otherwise
 * and check no certificate.
 */
@NullMarked
package io.argosy.wire.tls;

import org.jspecify.annotations.NullMarked;
