/**
 * Announces this replica to every name server.
 */
@NullMarked
package io.argosy.broker.registration;

import org.jspecify.annotations.NullMarked;
