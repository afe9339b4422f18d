/**
 * The bulk plane (argosy/v1/bulk.proto): long streams of Argosy's own clients on the client port. Only a leader stores
 * batches; another replica says who leads. Handlers run on network threads and must not block.
 */
@NullMarked
package io.argosy.broker.bulk;

import org.jspecify.annotations.NullMarked;
