/**
 * The queue index: queueOffset to place in the log.
 */
@NullMarked
package io.argosy.broker.queue;

import org.jspecify.annotations.NullMarked;
