/**
 * The client's message bytes: shallow scan, and the splice of what only the broker knows on delivery.
 */
@NullMarked
package io.argosy.broker.message;

import org.jspecify.annotations.NullMarked;
