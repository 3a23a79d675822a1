// What an asker is built from: your `src/plugin.js`, exported as the contract wants it.
import { exported } from './caifeng.js';
import * as plugin from '../../src/plugin.js';

export const types = {};
export const asker = exported(plugin, ['ask', 'read']);
