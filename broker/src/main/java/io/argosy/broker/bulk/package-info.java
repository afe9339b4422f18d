/**
 * The bulk plane (argosy/v1/bulk.proto): long streams of Argosy's own clients on the client port. Only a leader stores
 * batches; another replica says who leads. Every replica serves what it applied. Of what goes out, nobody here looks at
 * single messages.
 *
 * <p>Handlers run on network threads and must not block. Fetch workers look for entries and answer, those that wait for
 * the disk apart from those that don't.
 */
@NullMarked
package io.argosy.broker.bulk;

import org.jspecify.annotations.NullMarked;
