/**
 * Topics and their queues.
 */
@NullMarked
package io.argosy.broker.topic;

import org.jspecify.annotations.NullMarked;
