// What a source is built from: your `src/plugin.js`, exported as the contract wants it.
import { exported } from './caifeng.js';
import * as plugin from '../../src/plugin.js';

export const types = {};
export const source = exported(plugin, ['start', 'parse']);
