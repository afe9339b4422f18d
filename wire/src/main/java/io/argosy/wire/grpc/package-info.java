/**
 * gRPC as Argosy uses it between its own processes: marshallers that copy a message once, and listeners and channels
 * with bounds that suit peers. Knows no service in particular. No threads of its own.
 */
@NullMarked
package io.argosy.wire.grpc;

import org.jspecify.annotations.NullMarked;
