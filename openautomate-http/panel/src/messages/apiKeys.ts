import texts from './en/apiKeys.json';
import { add } from './all';

add({ apiKeys: texts });
